import { expect, it } from 'vitest'
import { capabilities } from '../../src/capabilities.js'
import { foldName } from '../../src/disk/folding.js'
import { never, newDirectory, openProvider } from '../fixture.js'

const { pattern } = capabilities.containerNames
const isContainerName = (name: string) => new RegExp(`^(?:${pattern})$`, 'u').test(name)

function* codePoints() {
  for (let code = 1; code < 0x110000; code++) if (code < 0xd800 || code > 0xdfff) yield String.fromCodePoint(code)
}

it('Folding makes a code point, its upper and lower case and its compositions the same', () => {
  const apart: string[] = []
  for (const character of codePoints()) {
    const folded = foldName(character)
    const same = [
      folded,
      character.toLowerCase(),
      character.toUpperCase(),
      character.normalize('NFC'),
      character.normalize('NFD'),
    ]
    if (same.some((other) => foldName(other) !== folded)) apart.push(character)
  }
  expect(apart).toEqual([])
}, 60_000)

it('No container has a name that folds to .stowage, and all other names are allowed', () => {
  const spellings = new Map<string, string[]>()
  for (const character of codePoints()) {
    const folded = foldName(character)
    if (!'.stowage'.includes(folded)) continue
    spellings.set(folded, [...(spellings.get(folded) ?? []), character])
  }
  // Replaces one letter at a time, each ligature, and inserts every ignored character at each
  // position.
  for (const [folded, characters] of spellings) {
    for (const character of characters) {
      const names =
        folded === ''
          ? Array.from(
              { length: 9 },
              (_, index) => `${'.stowage'.slice(0, index)}${character}${'.stowage'.slice(index)}`,
            )
          : ['.stowage'.replace(folded, character)]
      for (const name of names) {
        expect(foldName(name)).toBe('.stowage')
        expect(isContainerName(name), JSON.stringify(name)).toBe(false)
      }
    }
  }
  expect(spellings.get('s')).toEqual(['S', 's', 'ſ'])
  expect(spellings.get('st')).toEqual(['ﬅ', 'ﬆ'])
  for (const name of ['.stowages', 'stowage', '..stowage', '.st\u0301owage', 'ſ', '.ſtowag', 'ﬆ']) {
    expect(isContainerName(name), name).toBe(true)
  }
})

it('Directories in the root with such names are not containers', async () => {
  const root = await newDirectory()
  const provider = openProvider(root)
  const { mkdir } = await import('node:fs/promises')
  for (const name of ['.stowage', '.ſtowage', '.ﬆowage', '.STO\u200bWAGE', 'photos']) await mkdir(`${root}/${name}`)
  const { entries } = await provider.listContainers({ signal: never, limit: 10 })
  expect(entries.map(({ name }) => name)).toEqual(['photos'])
})
