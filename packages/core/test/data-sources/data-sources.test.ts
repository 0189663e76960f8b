import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createStorage, loadDataSources } from '../../src/index.js'
import type { ProviderModule } from '../../src/provider.js'
import { fakeProvider } from '../fake-provider.js'

const run = promisify(execFile)

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stowage-data-sources-'))
})

afterEach(() => rm(directory, { recursive: true }))

/** Source text of a function that makes a provider with a name, whose calls do nothing. */
const providerNamed = `
  const anyMethod = { get: (facts, property) => facts[property] ?? (() => undefined) }
  const providerNamed = (name) => new Proxy({ name, capabilities: {} }, anyMethod)`

const write = async (content: unknown) => {
  const file = join(directory, 'datasources.json')
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

/** A provider's module that takes `key` alone and remembers what it was given. */
const recording = () => {
  const seen: unknown[] = []
  const module: ProviderModule<{ key: string }> = {
    settings: {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => {
          const [unknown] = Object.keys(value as object).filter((property) => property !== 'key')
          if (unknown !== undefined) return { issues: [{ message: 'is not known', path: [unknown] }] }
          return { value: value as { key: string } }
        },
      },
    },
    createProvider: (settings, context) => {
      seen.push(settings, context)
      return fakeProvider({})
    },
  }
  return { module, seen }
}

describe('createStorage', () => {
  it('gives the provider its own settings and the directory, and keeps ours from it', async () => {
    const { module, seen } = recording()
    const storage = await createStorage(
      {
        name: 'mine',
        connector: 'any',
        provider: module,
        key: 'k',
        maxFileSize: '10',
        partSize: 100,
        retry: { attempts: 1 },
      },
      { directory },
    )
    expect(storage.name).toBe('fake')
    expect(seen).toEqual([{ key: 'k' }, { directory }])
  })

  it('refuses retries that make no sense', async () => {
    const { module } = recording()
    await expect(createStorage({ provider: module, key: 'k', retry: { attempts: 0 } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'retry.attempts must be a number from 1, not 0',
    })
  })

  it('names the data source and the property that is wrong', async () => {
    const { module } = recording()
    await expect(
      createStorage({ name: 'mine', provider: module, key: 'k', colour: 'red' } as never),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'data source "mine": property "colour" of the provider is not known',
      details: { property: 'colour' },
    })
  })

  it('says which package to install when it is missing', async () => {
    // In a process of its own: the test runner's main script and its NODE_PATH have all packages in
    // sight.
    const core = new URL('../../dist/index.js', import.meta.url).href
    const script = `
      import { createStorage } from ${JSON.stringify(core)}
      await createStorage({ name: 'mine', provider: 'rackspace' }).catch(({ message }) => console.log(message))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: directory, env: {} })
    expect(stdout.trim()).toBe(
      'data source "mine", property "provider": package "@stowage/provider-rackspace" not found; ' +
        'install it with "npm install @stowage/provider-rackspace", or pass the module instead of the name: ' +
        'createStorage({ provider: await import("@stowage/provider-rackspace"), … })',
    )
  })

  it.each([
    '../evil.js',
    'constructor',
    '__proto__',
    'node:fs',
    '',
    'express',
    'stowage-provider-../../evil.js',
    '@acme/../stowage-provider-x',
  ])('never loads %j by name', async (provider) => {
    await expect(createStorage({ provider } as never)).rejects.toThrow(/must be one of amazon, azure/)
  })

  it.each([[undefined], [null], [1], [{}], [{ settings: {}, createProvider: () => undefined }], [class {}]])(
    'refuses %j, which is no provider',
    async (provider) => {
      await expect(createStorage({ name: 'mine', provider } as never)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^data source "mine", property "provider": must be one of amazon, .*module/),
      })
    },
  )

  it('finds the package from the directory of the data sources, not from its own', async () => {
    const home = join(directory, 'node_modules/@stowage/provider-rackspace')
    await mkdir(home, { recursive: true })
    await writeFile(join(home, 'package.json'), '{"type":"module","exports":"./index.js"}')
    await writeFile(
      join(home, 'index.js'),
      `export const settings = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }
       ${providerNamed}
       export const createProvider = (settings) => providerNamed('found ' + settings.apiKey)`,
    )
    const storage = await createStorage({ provider: 'rackspace', username: 'u', apiKey: 'k' }, { directory })
    expect(storage.name).toBe('found k')
  })

  describe('with a package that others publish', () => {
    const install = async (name: string, source: string) => {
      const home = join(directory, 'node_modules', name)
      await mkdir(home, { recursive: true })
      await writeFile(join(home, 'package.json'), '{"type":"module","exports":"./index.js"}')
      await writeFile(join(home, 'index.js'), source)
    }
    const source = `
      const validate = (value) => value.url === undefined ? { issues: [{ message: 'is missing', path: ['url'] }] } : { value }
      export const settings = { '~standard': { version: 1, vendor: 'test', validate } }
      ${providerNamed}
      export const createProvider = ({ url }) => providerNamed('found ' + url)`

    it.each(['stowage-provider-redis', '@acme/stowage-provider-redis', '@acme/stowage-provider'])(
      'imports %s from the installation of the data sources',
      async (provider) => {
        await install(provider, source)
        const file = await write({ files: { provider, url: 'redis://127.0.0.1' }, wrong: { provider } })
        const sources = await loadDataSources(file)
        const storage = await sources.get('files')?.createStorage()
        expect(storage?.name).toBe('found redis://127.0.0.1')
        await expect(sources.get('wrong')?.createStorage()).rejects.toThrow(
          `data source "wrong": property "url" of provider "${provider}" is missing`,
        )
      },
    )

    it('says how to install a missing one', async () => {
      const file = await write({ files: { provider: 'stowage-provider-nowhere' } })
      await expect((await loadDataSources(file)).get('files')?.createStorage()).rejects.toThrow(
        /^data source "files", property "provider": package "stowage-provider-nowhere" not found; .*stowage-provider-nowhere/,
      )
    })

    it('rejects one that is no provider', async () => {
      await install('stowage-provider-empty', 'export const nothing = true')
      const file = await write({ files: { provider: 'stowage-provider-empty' } })
      await expect((await loadDataSources(file)).get('files')?.createStorage()).rejects.toThrow(
        'package "stowage-provider-empty" must export "settings" and "createProvider"',
      )
    })
  })
})

describe('loadDataSources', () => {
  it('keeps the entries that are storages, and fills in the environment', async () => {
    const file = await write({
      db: { connector: 'memory' },
      files: { connector: 'x', provider: 'filesystem', root: '${BASE}/files', nested: { list: ['${BASE}'] } },
    })
    const sources = await loadDataSources(file, { environment: { BASE: '/srv' } })
    expect([...sources.keys()]).toEqual(['files'])
    expect(sources.get('files')?.settings).toMatchObject({
      name: 'files',
      root: '/srv/files',
      nested: { list: ['/srv'] },
    })
  })

  it('takes a default for a variable that is unset or empty, and $${ for itself', async () => {
    const file = await write({
      files: { provider: 'filesystem', root: '${BASE:-/srv}/${EMPTY:-}${SUB:-files}', key: '$${a}$${', text: '$5 {}' },
    })
    const { settings } = (await loadDataSources(file, { environment: { SUB: '', EMPTY: '' } })).get('files') ?? {}
    expect(settings).toMatchObject({ root: '/srv/files', key: '${a}${', text: '$5 {}' })
    const other = (await loadDataSources(file, { environment: { SUB: 'a', EMPTY: 'b', BASE: '/c' } })).get('files')
    expect(other?.settings).toMatchObject({ root: '/c/ba' })
  })

  it.each(['${s3cret?no}', '${}', '${s3cret', '${A:-${s3cret}}', '${1}', '${ s3cret }'])(
    'refuses %s, which refers to nothing, and does not quote it',
    async (root) => {
      const sources = await loadDataSources(await write({ files: { provider: 'filesystem', root } }))
      const error: unknown = await sources
        .get('files')
        ?.createStorage()
        .catch((caught: unknown) => caught)
      expect(error).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^data source "files", property "root": .*\$\{NAME:-default\}/),
      })
      expect(inspect(error)).not.toContain('s3cret')
    },
  )

  it('turns a text of the environment into the number or the boolean that the provider wants', async () => {
    const home = join(directory, 'node_modules/@stowage/provider-memory')
    await mkdir(home, { recursive: true })
    await writeFile(join(home, 'package.json'), '{"type":"module","exports":"./index.js"}')
    // Wants a number, a boolean within an array, and a text that is digits; names one mistake at a
    // time.
    await writeFile(
      join(home, 'index.js'),
      `const wrong = ({ count, nested, text }) =>
         typeof count !== 'number' ? ['count'] : typeof nested[0].flag !== 'boolean' ? ['nested', { key: 0 }, 'flag'] :
         typeof text !== 'string' ? ['text'] : undefined
       const validate = (value) => (wrong(value) ? { issues: [{ message: 'is wrong', path: wrong(value) }] } : { value })
       export const settings = { '~standard': { version: 1, vendor: 'test', validate } }
       ${providerNamed}
       export const createProvider = (settings) => providerNamed(JSON.stringify(settings))`,
    )
    const entry = { provider: 'memory', count: '${COUNT}', nested: [{ flag: '${FLAG:-false}' }], text: '${COUNT}' }
    const nameWith = async (given: object, environment: Record<string, string>) => {
      const sources = await loadDataSources(await write({ files: given }), { environment })
      return (await sources.get('files')?.createStorage())?.name
    }
    expect(await nameWith(entry, { COUNT: '4096' })).toBe('{"count":4096,"nested":[{"flag":false}],"text":"4096"}')
    expect(await nameWith({ ...entry, partSize: '${COUNT}' }, { COUNT: '5242880' })).toContain('5242880')
    await expect(nameWith(entry, { COUNT: 'many' })).rejects.toThrow('property "count" of provider "memory" is wrong')
    // Only a value that is one reference: this is a text with a reference in it.
    await expect(nameWith({ ...entry, count: '1${COUNT}' }, { COUNT: '0' })).rejects.toThrow(
      'property "count" of provider "memory" is wrong',
    )
    await expect(nameWith({ ...entry, count: '10' }, { COUNT: '0' })).rejects.toThrow(
      'property "count" of provider "memory" is wrong',
    )
  })

  it('takes modules by name, also instead of the packages', async () => {
    const { module, seen } = recording()
    const file = await write({ a: { provider: 'mine', key: '1' }, b: { provider: 'amazon', key: '2' } })
    const sources = await loadDataSources(file, { providers: { mine: module, amazon: module } })
    for (const source of sources.values()) expect((await source.createStorage()).name).toBe('fake')
    expect(seen).toEqual([{ key: '1' }, { directory }, { key: '2' }, { directory }])
  })

  it.each([
    [null, 'providers must be an object'],
    [{ mine: {} }, 'the module of providers.mine must export "settings" and "createProvider"'],
  ])('refuses %j as modules', async (providers, message) => {
    await expect(loadDataSources(await write({}), { providers } as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  it('lists the names that it knows', async () => {
    const { module } = recording()
    const sources = await loadDataSources(await write({ a: { provider: 'mime' } }), { providers: { mine: module } })
    await expect(sources.get('a')?.createStorage()).rejects.toThrow(/must be one of amazon, .*, mine, .*not "mime"/)
  })

  it('ignores a byte order mark', async () => {
    expect([...(await loadDataSources(await write('\uFEFF{"files":{"provider":"memory"}}'))).keys()]).toEqual(['files'])
  })

  it('names the data source, the property and the variable that is not set', async () => {
    const file = await write({ files: { provider: 'filesystem', credentials: { secret: '${NOT_SET}' } } })
    const sources = await loadDataSources(file, { environment: {} })
    await expect(sources.get('files')?.createStorage()).rejects.toThrow(
      'data source "files", property "credentials.secret": the environment variable NOT_SET is not set',
    )
  })

  it('shows no settings in JSON or inspection, for they hold secrets', async () => {
    const file = await write({ files: { provider: 'amazon', key: 's3cret' } })
    const sources = await loadDataSources(file)
    expect(JSON.stringify([...sources.values()])).toBe('[{"name":"files","provider":"amazon"}]')
    expect(inspect(sources, { depth: 9 })).not.toContain('s3cret')
  })

  it.each([
    ['{"files": {"key": "s3cret" oops}}', 'is not valid JSON: line 1, column 28'],
    ['{\n  "files": {\n    "key": s3cret\n  }\n}', 'is not valid JSON: line 3, column 12'],
    ['{"key": "s3cret\n"}', 'is not valid JSON: line 1, column 16'],
    ['{"files": {"key": "s3cret"}', 'is not valid JSON: line 1, column 28'],
    ['', 'is not valid JSON: line 1, column 1'],
    ['[]', 'must contain an object'],
    ['{"files": 1}', '"files": must be an object'],
    ['{"files": {"provider": 1}}', 'property "provider": must be a string'],
  ])('refuses %s', async (content, message) => {
    const error: unknown = await loadDataSources(await write(content)).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })
    expect(inspect(error)).not.toContain('s3cret')
  })

  it('says which file cannot be read', async () => {
    await expect(loadDataSources(join(directory, 'none.json'))).rejects.toThrow(/none\.json" cannot be read/)
  })
})
