/** The provider in tests/redis has only what the published packages have. */
import { execFile } from 'node:child_process'
import { cp, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Installation } from '../src/installation.ts'

const repository = join(import.meta.dirname, '..', '..', '..')
const provider = join(repository, 'tests', 'redis')
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
const run = promisify(execFile)

test('a provider that was made from the template compiles with the published packages, and loads by its name', async () => {
  await using installation = await Installation.create({ packages: ['@stowage/core'] })
  const directory = join(installation.directory, 'node_modules', 'stowage-provider-redis')
  for (const file of ['src', 'package.json']) await cp(join(provider, file), join(directory, file), { recursive: true })
  for (const name of ['@redis/client', 'valibot']) await installation.link(name, provider)
  await installation.link('@types/node')
  // The compiler options of an author, and not those of this repository.
  const template = join(installation.directory, 'node_modules', '@stowage/core', 'template')
  for (const file of ['tsconfig.json', 'tsconfig.build.json']) await cp(join(template, file), join(directory, file))
  await run(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: directory }).catch(({ stdout }) =>
    expect(stdout).toBe(''),
  )
  const sources = { redis: { provider: 'stowage-provider-redis', url: 'redis://127.0.0.1:1' } }
  await writeFile(join(installation.directory, 'datasources.json'), JSON.stringify(sources))
  const program = `
    import { loadDataSources } from '@stowage/core'
    const sources = await loadDataSources('datasources.json')
    await using storage = await sources.get('redis').createStorage()
    const error = await storage.getContainers().catch((thrown) => thrown)
    console.log(error.code, error.message)`
  const options = { cwd: installation.directory }
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], options)
  expect(stdout).toMatch(/^UNAVAILABLE /)
})
