import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { variableFor } from '../src/data-sources/entry.js'
import { Workplace } from './workplace.js'

const make = (place: Workplace, ...args: string[]) => place.run(['datasource', '--name', 'new', ...args])

test('options say all that the questions would ask', async () => {
  await using place = await Workplace.make({ 'datasources.json': '{\n\t"db": {"connector": "memory"}\n}\n' })
  const settings = [
    'root=./files',
    'createRoot=true',
    'chunkSize=65536',
    'maxFileSize=1000',
    'allowedContentTypes=["a/b"]',
  ]
  const { code, stderr } = await make(
    place,
    ...['--provider', 'filesystem'],
    ...settings.flatMap((setting) => ['--set', setting]),
  )
  expect(code, stderr).toBe(0)
  expect(await place.read('datasources.json')).toMatch(
    /^\{\n\t"db": \{"connector": "memory"\},\n\t"new": \{\n\t\t"name": "new",/,
  )
  expect(await place.readJson('datasources.json')).toMatchObject({
    new: {
      name: 'new',
      provider: 'filesystem',
      root: './files',
      createRoot: true,
      chunkSize: 65_536,
      maxFileSize: 1000,
      allowedContentTypes: ['a/b'],
    },
  })
})

test('what is made can be used at once', async () => {
  await using place = await Workplace.make({ 'one.txt': '1' })
  await make(place, '--provider', 'filesystem', '--set', 'root=./files', '--set', 'createRoot=true')
  expect((await place.run(['cp', '--create', 'one.txt', 'new:c'])).code).toBe(0)
  expect(await readFile(place.at('files/c/one.txt'), 'utf8')).toBe('1')
})

test('an existing entry is kept, unless it is to be replaced', async () => {
  const before = '{"new": {"provider": "azure"}, "z": 1}'
  await using place = await Workplace.make({ 'datasources.json': before })
  const refused = await make(place, '--provider', 'memory')
  expect(refused.code).toBe(5)
  expect(refused.stderr).toContain('--replace')
  expect(await place.read('datasources.json')).toBe(before)
  expect((await make(place, '--provider', 'memory', '--replace')).code).toBe(0)
  expect(await place.readJson('datasources.json')).toEqual({ new: { name: 'new', provider: 'memory' }, z: 1 })
})

test('what is wrong or missing is named, and nothing is written', async () => {
  await using place = await Workplace.make()
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['--provider', 'ftp'], 'ftp'],
    [['--provider', 'memory', '--name', 'a b'], 'name'],
    [['--provider', 'memory', '--name', 'a:b'], 'name'],
    [['--provider', 'filesystem'], 'root'],
    [['--provider', 'filesystem', '--set', 'root='], 'root'],
    [['--provider', 'filesystem', '--set', 'root'], 'property=value'],
    [['--provider', 'filesystem', '--set', 'root=.', '--set', 'rot=.'], 'rot'],
    [['--provider', 'filesystem', '--set', 'root=.', '--set', 'fsync=yes'], 'fsync'],
    [['--provider', 'filesystem', '--set', 'root=.', '--set', 'chunkSize=x'], 'chunkSize'],
    [['--provider', 'filesystem', '--set', 'root=.', '--set', 'chunkSize=1'], 'chunkSize'],
    [['--provider', 'memory', '--set', 'nameConflict=x'], 'nameConflict'],
    [['--provider', 'memory', '--set', 'allowedContentTypes=x'], 'allowedContentTypes'],
    [['--provider', 'azure', '--set', 'storageAccount=a'], 'storageAccessKey'],
    [['--provider', 'rackspace', '--set', 'username=${NOT_SET_HERE}', '--set', 'apiKey=x'], 'NOT_SET_HERE'],
    [[], '--provider'],
  ]
  for (const [args, named] of wrong) {
    const { code, stderr } = await make(place, ...args)
    expect(code, args.join(' ')).toBe(2)
    expect(stderr).toContain(named)
  }
  expect((await place.run(['datasource', '--provider', 'memory'])).stderr).toContain('--name')
  await expect(place.read('datasources.json')).rejects.toThrow('ENOENT')
})

test('a secret in plain text is warned of, and never said', async () => {
  await using place = await Workplace.make()
  const secret = 'h0rse-staple'
  const { code, stderr, stdout } = await make(
    place,
    ...['--provider', 'rackspace', '--no-check', '--set', 'username=demo', '--set', `apiKey=${secret}`],
  )
  expect(code, stderr).toBe(0)
  expect(stderr).toContain('The file contains apiKey as plain text')
  expect(stderr + stdout).not.toContain(secret)
})

test('a service that is not there ends with 6', async () => {
  await using place = await Workplace.make()
  const { code, stderr } = await make(
    place,
    ...['--provider', 'openstack', '--set', 'authUrl=http://127.0.0.1:1/v3'],
    ...['--set', 'username=demo', '--set', 'password=x'],
  )
  expect(code, stderr).toBe(6)
  await expect(place.read('datasources.json')).rejects.toThrow('ENOENT')
})

test('a LoopBack 3 application gets its connector named, in its own place', async () => {
  await using place = await Workplace.make({
    'package.json': '{"dependencies": {"loopback": "^3.28.0"}}',
    'server/datasources.json': '{\n  "db": {\n    "name": "db",\n    "connector": "memory"\n  }\n}\n',
  })
  const { code, stderr } = await make(place, '--provider', 'memory', '--no-install')
  expect(code, stderr).toBe(0)
  expect(await place.readJson('server/datasources.json')).toEqual({
    db: { name: 'db', connector: 'memory' },
    new: { name: 'new', connector: '@stowage/loopback-connector', provider: 'memory' },
  })
})

test('variables are named after the data source and the property', () => {
  expect(variableFor('photos', 'storageAccessKey')).toBe('PHOTOS_STORAGE_ACCESS_KEY')
  expect(variableFor('my-files.2', 'key')).toBe('MY_FILES_2_KEY')
  expect(variableFor('2nd', 'apiKey')).toBe('_2ND_API_KEY')
})

test('any property may come from the environment, and is tried with its value', async () => {
  await using place = await Workplace.make()
  const settings = [
    'root=${ROOT:-./files}',
    'createRoot=${CREATE}',
    'chunkSize=${CHUNK:-65536}',
    'nameConflict=${CONFLICT}',
  ]
  const { code, stderr } = await place.run(
    ['datasource', '--name', 'new', '--provider', 'filesystem', ...settings.flatMap((each) => ['--set', each])],
    { environment: { CREATE: 'true', CONFLICT: 'makeUnique' } },
  )
  expect(code, stderr).toBe(0)
  expect(stderr).toContain('The credentials are valid.')
  expect(await place.readJson('datasources.json')).toMatchObject({
    new: { root: '${ROOT:-./files}', createRoot: '${CREATE}', chunkSize: '${CHUNK:-65536}' },
  })
})

test('a reference that is none is refused, and its text not said', async () => {
  await using place = await Workplace.make()
  for (const root of ['${s3cret?}', '${s3cret', '${A:-${s3cret}}']) {
    const { code, stderr } = await make(place, '--provider', 'filesystem', '--set', `root=${root}`)
    expect(code).toBe(2)
    expect(stderr).toContain('${NAME:-default}')
    expect(stderr).not.toContain('s3cret')
  }
  const { code, stderr } = await make(place, '--provider', 'filesystem', '--set', 'chunkSize=1${ZEROS}')
  expect(code).toBe(2)
  expect(stderr).toContain('chunkSize must be a number')
})

test('a default in the file is a secret in plain text too', async () => {
  await using place = await Workplace.make()
  const settings = ['username=ada', 'apiKey=${KEY:-s3cret}'].flatMap((each) => ['--set', each])
  const { stderr } = await make(place, '--provider', 'rackspace', ...settings, '--no-check', '--no-install')
  expect(stderr).toContain('The file contains apiKey as plain text')
})
