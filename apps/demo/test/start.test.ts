import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runDemo, startDemo, storage, workplace } from './demo-process.js'

const memory = { provider: 'memory' }

const put = (url: string, bytes: number) => fetch(url, { method: 'PUT', body: 'x'.repeat(bytes) })

const create = (containers: string) =>
  fetch(containers, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"photos"}' })

describe('what the environment says', () => {
  test('a first start creates the root, and says where it listens', async () => {
    await using place = await workplace()
    await using demo = await startDemo(place.directory, place.environment)
    expect(demo.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/)
    await access(join(place.directory, 'storage'))
    expect((await fetch(`${demo.url}/api/containers`)).status).toBe(200)
    expect(demo.process.stderr).toBe('')
  })

  test('HOST and PORT say where to listen', async () => {
    await using place = await workplace({ storage: memory })
    const environment = { ...place.environment, HOST: 'localhost', PORT: '' }
    await using demo = await startDemo(place.directory, { ...environment, PORT: '0' })
    const { port } = new URL(demo.url)
    expect((await fetch(`http://localhost:${port}/api/containers`)).status).toBe(200)
  })

  test('DATASOURCES may be relative to where the demo is started', async () => {
    await using place = await workplace({ storage: memory })
    await using demo = await startDemo(place.directory, { DATASOURCES: 'datasources.json' })
    expect((await fetch(`${demo.url}/api/containers`)).status).toBe(200)
  })

  test('DATASOURCE says what /api/containers serves, and every entry has an address of its own', async () => {
    await using place = await workplace({ storage, 'other / one': memory })
    await using demo = await startDemo(place.directory, { ...place.environment, DATASOURCE: 'other / one' })
    await create(`${demo.url}/api/containers`)
    const other = await fetch(`${demo.url}/api/datasources/${encodeURIComponent('other / one')}/containers`)
    expect(await other.json()).toMatchObject([{ name: 'photos' }])
    expect(await (await fetch(`${demo.url}/api/datasources/storage/containers`)).json()).toEqual([])
  })

  test('MAX_FILE_SIZE bounds files, where the data source sets no bound of its own', async () => {
    await using place = await workplace({ storage: memory, small: { ...memory, maxFileSize: '5' } })
    await using demo = await startDemo(place.directory, { ...place.environment, MAX_FILE_SIZE: '10' })
    const small = `${demo.url}/api/datasources/small/containers`
    await Promise.all([create(`${demo.url}/api/containers`), create(small)])
    expect((await put(`${demo.url}/api/containers/photos/files/a`, 10)).status).toBe(201)
    expect((await put(`${demo.url}/api/containers/photos/files/b`, 11)).status).toBe(413)
    expect((await put(`${small}/photos/files/a`, 5)).status).toBe(201)
    expect((await put(`${small}/photos/files/b`, 6)).status).toBe(413)
  })
})

describe('the list of data sources', () => {
  test('has names, providers, capabilities and limits, and no secret', async () => {
    await using place = await workplace({ storage, memory, database: { connector: 'mysql', password: 'hush' } })
    await using demo = await startDemo(place.directory, place.environment)
    const text = await (await fetch(`${demo.url}/api/datasources`)).text()
    expect(JSON.parse(text)).toEqual([
      {
        name: 'storage',
        provider: 'filesystem',
        main: true,
        maxFileSize: 64 * 1024 ** 3,
        capabilities: expect.objectContaining({ conditions: expect.any(Object) }),
      },
      {
        name: 'memory',
        provider: 'memory',
        main: false,
        maxFileSize: 2 * 1024 ** 3,
        capabilities: expect.objectContaining({ conditions: expect.any(Object) }),
      },
    ])
    expect(text).not.toContain(place.directory)
    expect(text).not.toContain('hush')
  })

  test('has the rules of upload policies', async () => {
    const policy = { maxSize: 1000, types: ['text/plain'], content: 'agree' }
    const limited = { ...memory, allowedContentTypes: ['image/png'] }
    await using place = await workplace({ storage: { ...memory, policy }, limited })
    await using demo = await startDemo(place.directory, place.environment)
    const sources = await (await fetch(`${demo.url}/api/datasources`)).json()
    expect(sources).toEqual([
      expect.objectContaining({ name: 'storage', maxFileSize: 1000, rules: policy }),
      expect.objectContaining({ name: 'limited', rules: { types: ['image/png'] } }),
    ])
    const container = JSON.stringify({ name: 'photos' })
    const headers = { 'Content-Type': 'application/json' }
    await fetch(`${demo.url}/api/containers`, { method: 'POST', headers, body: container })
    const put = (file: string, body: string, type: string) =>
      fetch(`${demo.url}/api/containers/photos/files/${file}`, {
        method: 'PUT',
        headers: { 'Content-Type': type },
        body,
      })
    expect((await put('a.txt', 'text', 'text/plain')).status).toBe(201)
    const refused = await put('a.png', 'text', 'image/png')
    expect([refused.status, await refused.json()]).toMatchObject([
      415,
      {
        error: {
          message: 'files of type "image/png" are not allowed (allowed: text/plain)',
          details: { rule: 'types' },
        },
      },
    ])
  })

  test('one that cannot be used is listed with the reason, and the others are served', async () => {
    await using place = await workplace({
      storage: memory,
      unknown: { provider: 'carrier-pigeon', key: 'hush-1' },
      misspelt: { provider: 'memory', rooot: 'hush-2' },
      unbounded: { provider: 'memory', maxFileSize: 'hush-3' },
    })
    await using demo = await startDemo(place.directory, place.environment)
    const text = await (await fetch(`${demo.url}/api/datasources`)).text()
    expect(JSON.parse(text)).toMatchObject([
      { name: 'storage', capabilities: {} },
      { name: 'unknown', error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('carrier-pigeon') } },
      { name: 'misspelt', error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('rooot') } },
      { name: 'unbounded', error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('maxFileSize') } },
    ])
    expect(text).not.toMatch(/hush-[12]/)
    expect((await fetch(`${demo.url}/api/containers`)).status).toBe(200)
    const unusable = await fetch(`${demo.url}/api/datasources/misspelt/containers`)
    expect(unusable.status).toBe(503)
    expect(await unusable.json()).toMatchObject({ error: { statusCode: 503, code: 'INVALID_ARGUMENT' } })
    expect(demo.process.stderr.trim().split('\n')).toHaveLength(3)
  })
})

test('a storage that is not usable at the start is named with its root, and works once it is there', async () => {
  await using place = await workplace({ storage: { provider: 'filesystem', root: 'not-there' } })
  await using demo = await startDemo(place.directory, place.environment)
  const root = JSON.stringify(join(place.directory, 'not-there'))
  expect(demo.process.stderr).toBe(
    `data source "storage" (root ${root}) is unusable: the root directory does not exist: create it, or set createRoot\n`,
  )
  expect(await (await fetch(`${demo.url}/api/containers`)).text()).not.toContain(place.directory)
  await mkdir(join(place.directory, 'not-there'))
  expect((await fetch(`${demo.url}/api/containers`)).status).toBe(200)
})

describe('a start that cannot succeed ends with one line and the code 1', () => {
  const refused = async (dataSources: unknown, environment: Record<string, string>) => {
    await using place = await workplace(dataSources)
    const { code, stdout, stderr } = await runDemo(place.directory, { ...place.environment, ...environment })
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^Stowage cannot start: .+\n$/)
    return stderr
  }

  test.each(['80 80', '-1', '65536', '0x50', 'http'])('PORT is %o', async (PORT) => {
    expect(await refused({ storage: memory }, { PORT })).toContain('PORT must be a whole number from 0 to 65535')
  })

  test.each(['0', '5GiB', '1e9', '1.5'])('MAX_FILE_SIZE is %o', async (MAX_FILE_SIZE) => {
    expect(await refused({ storage: memory }, { MAX_FILE_SIZE })).toContain('MAX_FILE_SIZE must be a whole number')
  })

  test('the port is busy', async () => {
    await using place = await workplace({ storage: memory })
    await using demo = await startDemo(place.directory, place.environment)
    const { port } = new URL(demo.url)
    expect(await refused({ storage: memory }, { PORT: port })).toContain(`port ${port}`)
  })

  test('HOST is not an address of this machine', async () => {
    expect(await refused({ storage: memory }, { HOST: '192.0.2.1' })).toContain('192.0.2.1')
  })

  test('the DATASOURCES file is missing', async () => {
    expect(await refused({}, { DATASOURCES: '/nowhere/datasources.json' })).toContain('/nowhere/datasources.json')
  })

  test('the DATASOURCES file is no JSON', async () => {
    expect(await refused('{"storage": {"key": "hush"', {})).not.toContain('hush')
  })

  test('the DATASOURCES file has no such entry', async () => {
    expect(await refused({ other: memory }, {})).toContain('"storage"')
  })
})
