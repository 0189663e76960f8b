import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundlers } from '../src/bundlers.ts'
import { Installation } from '../src/installation.ts'
import { type Command, nodes } from '../src/other-nodes.ts'

/** Bundlers that import an optional part of undici, `node:sqlite`, which Node has from 22.13. */
const importsSqlite = new Set(['rollup to CommonJS', 'rollup to ESM'])

let installation: Installation
let server: string

beforeAll(async () => {
  installation = await Installation.create()
  await cp(join(import.meta.dirname, '..', 'src', 'program.js'), join(installation.directory, 'program.js'))
  server = await mkdtemp(join(tmpdir(), 'stowage-bundles-'))
})

afterAll(async () => {
  await installation[Symbol.asyncDispose]()
  await rm(server, { recursive: true })
})

describe.each(Object.entries(bundlers))('a bundle made by %s', (name, bundle) => {
  let file: string

  beforeAll(async () => {
    const target = join(server, name.replaceAll(' ', '-'))
    await mkdir(target)
    file = await bundle(join(installation.directory, 'program.js'), target)
  })

  /** Runs a part of the program where it is deployed to, in which nothing is installed. */
  const run = async (part: string, [node, ...options]: Command = [process.execPath]) => {
    const { NODE_PATH, ...env } = process.env
    const { stdout } = await promisify(execFile)(node, [...options, file, part], { cwd: dirname(file), env })
    return stdout.trim()
  }

  test('stores and serves files through a provider that is passed as a module', async () => {
    expect(await run('module')).toBe('function: Waves.')
  })

  const everyPart = [
    'amazon: unreachable',
    'azure: unreachable',
    'memory: done',
    'openstack: unreachable',
    'rackspace: unreachable',
    'connector: function',
  ]

  test('contains every provider, and the connector', async () => {
    expect((await run('every')).split('\n')).toEqual(everyPart)
  })

  test.for(nodes)('runs on $name', async ({ name: version, find }, { skip }) => {
    const node = await find()
    if (typeof node === 'string') return skip(`skipped: ${node}`)
    const every = run('every', node).then((output) => output.split('\n'))
    if (importsSqlite.has(name) && version === 'Node 22.12') await expect(every).rejects.toThrow('node:sqlite')
    else expect(await every).toEqual(everyPart)
  })

  test('asks for the module of a provider that is only named, and finds it where it is installed', async () => {
    const message = await run('name')
    expect(message).toContain('pass the module instead of the name')
    expect(message).not.toContain('npm install')
    await symlink(join(installation.directory, 'node_modules'), join(dirname(file), 'node_modules'), 'junction')
    expect(await run('name')).toBe('memory')
  })
})
