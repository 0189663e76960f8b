import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const packages = join(import.meta.dirname, '..', '..', '..', 'packages')

/** The first comment of a package's entry file, which lists the files and folders of its `src`. */
function sourceMap(name: string): string {
  const entry = ['index.ts', 'main.ts'].map((file) => join(packages, name, 'src', file)).find(existsSync)
  if (entry === undefined) throw new Error(`packages/${name}/src has neither index.ts nor main.ts`)
  return /^\/\*\*(.*?)\*\//s.exec(readFileSync(entry, 'utf8'))?.[1] ?? ''
}

/** The paths in backquotes that look like files or folders of a package's `src`. */
const pathsIn = (map: string) =>
  [...map.matchAll(/`((?:[\w-]+\/)*(?:[\w-]+\.ts|[\w-]+\/))`/g)].map(([, path = '']) => path)

const withMap = readdirSync(packages).filter((name) => pathsIn(sourceMap(name)).length > 0)

test('packages have a map of their sources', () => {
  expect(withMap).toEqual(expect.arrayContaining(['cli', 'provider-s3', 'rest-express', 'swift']))
})

describe.each(withMap)('the map of %s', (name) => {
  const source = join(packages, name, 'src')
  const map = sourceMap(name)

  test('names only what exists', () => {
    expect(pathsIn(map).filter((path) => !existsSync(join(source, path)))).toEqual([])
  })

  test('names every file and folder at the top of src', () => {
    const listed = new Set(pathsIn(map).map((path) => path.replace(/\/.*/, '/')))
    const entries = readdirSync(source, { withFileTypes: true })
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .filter((path) => !['index.ts', 'main.ts'].includes(path) && !/\.d\.ts$/.test(path))
    expect(entries.filter((path) => !listed.has(path))).toEqual([])
  })
})
