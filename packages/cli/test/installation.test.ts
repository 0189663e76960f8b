import { chmod, mkdir, realpath } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { installationOf } from '../src/data-sources/installer.js'
import { ctrlC, enter, Workplace } from './workplace.js'

const packages = ['@stowage/core', '@stowage/provider-memory']

test('a Node that is too old for the program prints which one is needed', async () => {
  await using place = await Workplace.make(
    { 'old.cjs': "Object.defineProperty(process.versions, 'node', { value: '20.20.2' })" },
    { installed: false },
  )
  const environment = { NODE_OPTIONS: `--require ${place.at('old.cjs')}` }
  const { code, stdout, stderr } = await place.run(['--version'], { environment })
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: `stowage: Node 22.12 or newer is needed; this is ${process.version}\n`,
  })
})

describe('the project tells its package manager', () => {
  const cases = [
    ['nothing', {}, ['npm', 'i']],
    ['package-lock.json', { 'package-lock.json': '{}' }, ['npm', 'i']],
    ['pnpm-lock.yaml', { 'pnpm-lock.yaml': '' }, ['pnpm', 'add']],
    ['yarn.lock', { 'yarn.lock': '' }, ['yarn', 'add']],
    ['bun.lock', { 'bun.lock': '' }, ['bun', 'add']],
    ['the field packageManager', { 'package.json': '{"packageManager": "pnpm@12.0.0"}' }, ['pnpm', 'add']],
    ['the field devEngines', { 'package.json': '{"devEngines": {"packageManager": {"name": "bun"}}}' }, ['bun', 'add']],
  ] as const
  test.each(cases)('%s', async (_, files, [command, verb]) => {
    await using place = await Workplace.make(files, { installed: false })
    await mkdir(place.at('server'))
    const installation = await installationOf(packages, place.at('server'))
    expect(installation).toEqual({ packages, command, args: [verb, ...packages], directory: place.path })
  })

  test('a lock file further up, above a package of a workspace', async () => {
    await using place = await Workplace.make(
      { 'pnpm-lock.yaml': '', 'apps/shop/package.json': '{}' },
      { installed: false },
    )
    const directory = place.at('apps', 'shop')
    expect(await installationOf(packages, directory)).toMatchObject({ command: 'pnpm', directory })
  })
})

/** A package manager that keeps what it was told, and ends as it is told. */
async function fakePackageManager(place: Workplace, script: string): Promise<Record<string, string>> {
  await place.write('bin/npm', `#!/bin/sh\npwd >called\nprintf '%s ' "$@" >>called\necho installing\n${script}\n`)
  await chmod(place.at('bin/npm'), 0o755)
  return { PATH: `${place.at('bin')}:${process.env['PATH']}` }
}

/** What `npm i` leaves, as far as it matters for whether a package is there. */
const installing = packages
  .map(
    (name) => `mkdir -p node_modules/${name} && echo '{"exports":"./package.json"}' >node_modules/${name}/package.json`,
  )
  .join(' && ')

const makeMemory = ['datasource', '--name', 'new', '--provider', 'memory']

test('the missing packages are installed in the project, and its words do not mix with the answer', async () => {
  await using place = await Workplace.make({}, { installed: false })
  const environment = await fakePackageManager(place, installing)
  const { code, stdout, stderr } = await place.run([...makeMemory, '--json', '--no-check'], { environment })
  expect(code, stderr).toBe(0)
  expect(await place.read('called')).toBe(`${await realpath(place.path)}\ni ${packages.join(' ')} `)
  expect(stderr).toContain('installing')
  expect(JSON.parse(stdout)).toMatchObject({ installed: packages, checked: false })
})

test('nothing is written when the installation fails', async () => {
  await using place = await Workplace.make({}, { installed: false })
  const environment = await fakePackageManager(place, 'exit 7')
  const { code, stderr } = await place.run(makeMemory, { environment })
  expect(code).toBe(1)
  expect(stderr).toContain(`npm i ${packages.join(' ')} failed with 7`)
  await expect(place.read('datasources.json')).rejects.toThrow('ENOENT')
})

test('an installation that ends well and leaves nothing is a failure', async () => {
  await using place = await Workplace.make({}, { installed: false })
  const { code, stderr } = await place.run(makeMemory, { environment: await fakePackageManager(place, '') })
  expect(code).toBe(1)
  expect(stderr).toContain(`npm i ${packages.join(' ')} succeeded, but @stowage/core cannot be loaded from`)
  await expect(place.read('datasources.json')).rejects.toThrow('ENOENT')
})

test('a package manager that is not there is told of', async () => {
  await using place = await Workplace.make({ 'bun.lock': '' }, { installed: false })
  const { code, stderr } = await place.run(makeMemory, { environment: { PATH: '/nowhere' } })
  expect(code).toBe(1)
  expect(stderr).toContain('bun add')
})

test('a terminal is asked before anything is installed, and Ctrl-C ends the package manager too', async () => {
  await using place = await Workplace.make({}, { installed: false })
  const environment = await fakePackageManager(place, 'exec sleep 600')
  await using session = place.inTerminal(makeMemory, environment)
  await session.answer(`Install missing packages? (npm i ${packages.join(' ')})`, enter)
  await session.answer('installing', ctrlC)
  expect(await session.exitCode, session.text).toBe(130)
  await expect(place.read('datasources.json')).rejects.toThrow('ENOENT')
})

test('--no-install installs nothing, writes the entry, and says that it was not tried', async () => {
  await using place = await Workplace.make({}, { installed: false })
  const environment = await fakePackageManager(place, '')
  const { code, stderr } = await place.run([...makeMemory, '--no-install'], { environment })
  expect(code, stderr).toBe(0)
  expect(stderr).toContain('@stowage/provider-memory is not installed')
  await expect(place.read('called')).rejects.toThrow('ENOENT')
})
