/**
 * The `@example` blocks of what applications import: the repository's compiler checks them in one
 * file, and they run over the memory provider. A comment after an expression is its value.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import * as core from '../src/index.js'

const repository = join(import.meta.dirname, '..', '..', '..')
const sources = join(import.meta.dirname, '..', 'src')
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

/** The memory provider has no signed URLs. */
const compiledOnly = ['signUrl']

/** What the examples use: each gets storages and files of its own. */
const prelude = `
import assert from 'node:assert/strict'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { ${Object.keys(core).join(', ')} } from '@stowage/core'

async function run(name: string, example: (storage: StorageService, other: StorageService) => Promise<void>) {
  const storage = await createStorage({ provider: 'memory' })
  const other = await createStorage({ provider: 'memory' })
  for (const each of [storage, other]) for (const name of ['backup', 'photos']) await each.createContainer({ name })
  for (const file of ['cat.jpg', 'cats/tom.jpg']) await storage.putFile('photos', file, 'meow')
  try {
    await example(storage, other)
  } catch (error) {
    console.error(name, error)
  }
}
`

/** The examples of the sources by the name of what they belong to. */
async function readExamples(): Promise<Map<string, string>> {
  const examples = new Map<string, string>()
  const declaration =
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n *(?:export )?(?:async )?(?:function|const|class)? ?([\w[\].]+)/g
  for (const file of await readdir(sources, { recursive: true })) {
    if (!file.endsWith('.ts')) continue
    const source = await readFile(join(sources, file), 'utf8')
    for (const [, comment = '', name = ''] of source.matchAll(declaration)) {
      const [, example] = comment.split(/^ *\* @example\n/m)
      if (example !== undefined) examples.set(name, example.replace(/^ *\* ?/gm, '').trim())
    }
  }
  return examples
}

const withAssertions = (example: string) => example.replace(/^(\S.*?) \/\/ (.+)$/gm, 'assert.deepEqual($1, $2)')

const output = (file: string, args: string[], cwd: string): Promise<string> =>
  promisify(execFile)(process.execPath, [file, ...args], { cwd }).then(
    ({ stderr }) => stderr,
    (error: { readonly stdout: string; readonly stderr: string }) => error.stdout + error.stderr,
  )

const methods = Object.entries(Object.getOwnPropertyDescriptors(core.StorageService.prototype))
const documented = [...Object.entries(core), ...methods.map(([name, { value }]) => [name, value] as const)]
  .filter(([name, value]) => typeof value === 'function' && name !== 'constructor')
  .map(([name]) => name)

test('every function and every method of StorageService has an example that compiles and runs', async () => {
  const examples = await readExamples()
  expect(documented.filter((name) => !examples.has(name))).toEqual([])
  const blocks = documented.map((name) => {
    const example = `async (storage: StorageService, other: StorageService) => {\n${withAssertions(examples.get(name) ?? '')}\n}`
    return compiledOnly.includes(name) ? `void (${example})` : `await run('${name}', ${example})`
  })

  const directory = await mkdtemp(join(await realpath(tmpdir()), 'stowage-examples-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, 'node_modules', '@stowage'), { recursive: true })
  await mkdir(join(directory, 'node_modules', '@types'))
  for (const name of ['core', 'provider-memory']) {
    const link = join(directory, 'node_modules', '@stowage', name)
    await symlink(join(repository, 'packages', name), link, 'junction')
  }
  const types = join(repository, 'node_modules', '@types', 'node')
  await symlink(types, join(directory, 'node_modules', '@types', 'node'), 'junction')
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
  await writeFile(join(directory, 'datasources.json'), '{ "files": { "provider": "memory" } }')
  await writeFile(
    join(directory, 'tsconfig.json'),
    JSON.stringify({ extends: join(repository, 'tsconfig.base.json'), include: ['examples.ts'] }),
  )
  await writeFile(join(directory, 'examples.ts'), [prelude, ...blocks].join('\n'))
  expect(await output(compiler, ['-p', directory, '--pretty', 'false'], directory)).toBe('')
  expect(await output(join(directory, 'examples.js'), [], directory)).toBe('')
})
