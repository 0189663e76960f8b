import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { installation } from './tools/installation.js'

const require = createRequire(import.meta.url)
const run = promisify(execFile)

it('require() returns a plain object, so that LoopBack can write the connector’s name into it', () => {
  const connector = require('@stowage/loopback-connector')
  expect(Object.keys(connector)).toEqual(['initialize', 'StorageService'])
  expect(Object.isExtensible(connector)).toBe(true)
})

it('require() and import return the same class', async () => {
  const { directory } = await installation()
  const script = `const { StorageService } = require('@stowage/loopback-connector')
    import('@stowage/loopback-connector').then((imported) => console.log(imported.StorageService === StorageService))`
  expect((await run(process.execPath, ['-e', script], { cwd: directory })).stdout).toBe('true\n')
})

it('require() prints no warning', async () => {
  const { directory } = await installation()
  const script = "require('@stowage/loopback-connector'); require('@stowage/loopback-connector/loopback4')"
  expect(await run(process.execPath, ['-e', script], { cwd: directory })).toEqual({ stdout: '', stderr: '' })
})

it('LoopBack finds the connector by its name', async () => {
  const { directory, nodePath } = await installation()
  const script = `
    const ds = require('loopback').createDataSource({ connector: '@stowage/loopback-connector', provider: 'filesystem', root: '.' })
    ds.connect().then(() => process.stdout.write(ds.connector.constructor.name)).then(() => ds.disconnect())`
  const { stdout } = await run(process.execPath, ['--no-deprecation', '-e', script], {
    cwd: directory,
    env: { ...process.env, NODE_PATH: nodePath },
  })
  expect(stdout).toBe('StorageConnector')
})

it('TypeScript before 5.6, which LoopBack 4 uses, can read the declarations', async () => {
  const { directory } = await installation()
  const declarations = await readFile(
    join(directory, 'node_modules/@stowage/loopback-connector/dist/index.d.ts'),
    'utf8',
  )
  // Export names in quotes require TypeScript 5.6.
  expect(declarations).not.toMatch(/ as '/)
})
