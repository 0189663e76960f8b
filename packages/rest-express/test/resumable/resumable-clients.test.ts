/**
 * Resumable uploads with real clients: tus-js-client 4 and 5 in both protocols, curl, and the fetch
 * of Node.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { StorageError } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { Upload as Upload4 } from 'tus-js-client'
import { Upload as Upload5 } from 'tus-js-client5'
import { describe, expect, it } from 'vitest'
import { eventually, isFetch, type RestServer, startServer } from '../tools/rest-server.js'
import { makeProvider, storageKinds } from '../tools/storages.js'

const start = (options: Parameters<typeof startServer>[0] = {}) =>
  startServer({ resumable: true, maxFileSize: 100_000_000, ...options })

const content = async ({ storage }: RestServer, name: string) => (await storage.openFile('photos', name)).bytes()

type Clients = typeof Upload4 | typeof Upload5

/** Uploads as `client.bin`. Returns the client's upload. */
async function upload(server: RestServer, Upload: Clients, body: unknown, options: object) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const client = new Upload(
    body as never,
    {
      endpoint: `${server.url}/photos/uploads`,
      metadata: { filename: 'client.bin', filetype: 'image/x-test' },
      retryDelays: [10, 50],
      onSuccess: () => resolve(),
      onError: reject,
      ...options,
    } as never,
  )
  client.start()
  await promise
  return client
}

const clients = [
  ['tus-js-client 4', 'tus-v1', Upload4],
  ['tus-js-client 4', 'ietf-draft-03', Upload4],
  ['tus-js-client 4', 'ietf-draft-05', Upload4],
  ['tus-js-client 5', 'tus-v1', Upload5],
  ['tus-js-client 5', 'ietf-draft-03', Upload5],
  ['tus-js-client 5', 'ietf-draft-05', Upload5],
] as const

describe.each(storageKinds)('over %s', (kind) => {
  it.each(clients)('%s with %s, in one request, in chunks and with the creation', async (_name, protocol, Upload) => {
    const server = await start({ provider: makeProvider(kind) })
    const body = randomBytes(10_000_001)
    for (const options of [
      {},
      { chunkSize: 1_234_567 },
      { uploadDataDuringCreation: true, chunkSize: 4_000_000 },
      { uploadDataDuringCreation: true },
    ]) {
      await upload(server, Upload, body, { protocol, ...options })
      expect((await content(server, 'client.bin')).equals(body)).toBe(true)
      expect(await server.storage.getFile('photos', 'client.bin')).toMatchObject({ contentType: 'image/x-test' })
      await server.storage.removeFile('photos', 'client.bin')
    }
    await server.storage.purgeUploads('photos')
    expect(await Array.fromAsync(server.storage.uploads('photos'))).toEqual([])
  })

  // Of streams of Node, the clients do not tell the true size of the last chunk.
  it.each(clients.filter(([name]) => name.endsWith('5')))(
    '%s with %s, of a stream of unknown length',
    async (_name, protocol, Upload) => {
      const server = await start({ provider: makeProvider(kind) })
      // Also one that ends where a chunk does.
      for (const size of [3_000_001, 3_000_000]) {
        const body = randomBytes(size)
        const stream = new Blob([body]).stream()
        await upload(server, Upload, stream, { protocol, uploadLengthDeferred: true, chunkSize: 1_000_000 })
        expect((await content(server, 'client.bin')).equals(body)).toBe(true)
        await server.storage.removeFile('photos', 'client.bin')
      }
    },
  )

  it.each(clients)('%s with %s, aborted and continued by its URL', async (_name, protocol, Upload) => {
    const server = await start({ provider: makeProvider(kind) })
    const body = randomBytes(5_000_001)
    const { promise: half, resolve } = Promise.withResolvers<string | null>()
    const first = new Upload(
      body as never,
      {
        endpoint: `${server.url}/photos/uploads`,
        protocol,
        metadata: { filename: 'client.bin' },
        chunkSize: 1_000_000,
        onChunkComplete: (_size: number, accepted: number) => {
          if (accepted >= 2_000_000) resolve(first.url)
        },
      } as never,
    )
    first.start()
    const uploadUrl = await half
    await first.abort()
    await upload(server, Upload, body, { protocol, uploadUrl })
    await eventually(() => server.storage.hasFile('photos', 'client.bin'))
    expect((await content(server, 'client.bin')).equals(body)).toBe(true)
  })

  it.each(clients)('%s with %s and four parallel uploads, which are of tus', async (_name, protocol, Upload) => {
    const server = await start({ provider: makeProvider(kind) })
    const body = randomBytes(10_000_003)
    const sent = upload(server, Upload, body, { protocol, parallelUploads: 4, retryDelays: null })
    if (protocol === 'tus-v1') {
      await sent
      expect((await content(server, 'client.bin')).equals(body)).toBe(true)
    } else {
      await expect(sent).rejects.toThrow('uploads are joined only in tus')
      expect(await server.storage.getFiles('photos')).toEqual([])
    }
  })
})

const run = promisify(execFile)

/** Runs curl. Returns the status of every response, and the headers of the last one. */
async function curl(...args: readonly string[]) {
  const { stdout } = await run('curl', ['--silent', '--show-error', '--include', '--max-time', '60', ...args])
  const heads = stdout.split(/\r\n\r\n/).filter((part) => part.startsWith('HTTP/'))
  const headers = Object.fromEntries(
    (heads.at(-1) ?? '').split('\r\n').map((line) => {
      const [name = '', value = ''] = line.split(/: (.*)/)
      return [name.toLowerCase(), value]
    }),
  )
  return { statuses: heads.map((head) => Number(head.split(' ')[1])), headers, stdout }
}

describe('curl', () => {
  const patch = ['-X', 'PATCH', '-H', 'Content-Type: application/partial-upload']
  const tus = ['-H', 'Tus-Resumable: 1.0.0']

  it.skipIf(isFetch)('shows the interim responses of a PUT, and goes on at the URL', async () => {
    const { url } = await start()
    const version = ['-H', 'Upload-Draft-Interop-Version: 8']
    const sent = await curl(
      '-X',
      'PUT',
      '--data-binary',
      'abc',
      '-H',
      'Upload-Complete: ?0',
      ...version,
      `${url}/photos/files/a/b`,
    )
    expect(sent.statuses).toEqual([104, 201])
    const path = new URL(sent.headers['location'] ?? '', `${url}/photos/files/a/b`).href
    const last = await curl(
      ...patch,
      '-H',
      'Upload-Offset: 3',
      '-H',
      'Upload-Complete: ?1',
      '--data-binary',
      'def',
      path,
    )
    expect([last.statuses, last.stdout.includes('"size":6')]).toEqual([[201], true])
  })

  it('gets every status of the tables', async () => {
    const { url } = await start({ maxFileSize: 10, allowedContentTypes: ['text/plain'] })
    const uploads = `${url}/photos/uploads`
    const file = `${url}/photos/files/a`
    const text = ['-H', 'Content-Type: text/plain']
    const status = async (...args: readonly string[]) => (await curl(...args)).statuses.at(-1)
    const at = async (base: string, ...args: readonly string[]) => {
      const { statuses, headers } = await curl(...args, base)
      expect(statuses.at(-1)).toBe(201)
      return new URL(headers['location'] ?? '', base).href
    }
    const complete = ['-H', 'Upload-Complete: ?1']
    const incomplete = ['-H', 'Upload-Complete: ?0']
    const offset = (bytes: number) => ['-H', `Upload-Offset: ${bytes}`]
    const data = (body: string) => ['--data-binary', body]
    const put = ['-X', 'PUT', ...text]
    const post = ['-X', 'POST', ...text]

    // OPTIONS
    for (const each of [uploads, file]) expect(await status('-X', 'OPTIONS', each)).toBe(204)
    // POST
    expect(await status(...post, ...complete, ...data('abc'), uploads)).toBe(201)
    expect(await status(...post, '-H', 'Upload-Complete: x', uploads)).toBe(400)
    expect(await status(...post, ...incomplete, '-H', 'Upload-Length: 11', uploads)).toBe(413)
    expect(await status('-X', 'POST', '-H', 'Content-Type: text/x', ...incomplete, uploads)).toBe(415)
    // PUT
    const path = await at(file, ...put, ...incomplete)
    expect(await status(...put, ...complete, ...data('abc'), file)).toBe(201)
    expect(await status(...put, ...complete, ...data('abc'), file)).toBe(200)
    expect(
      await status(
        ...put,
        ...complete,
        '-H',
        'Upload-Length: 9',
        '-H',
        'Upload-Draft-Interop-Version: 8',
        ...data('abc'),
        file,
      ),
    ).toBe(isFetch ? 200 : 400)
    expect(await status(...put, ...incomplete, '-H', 'If-None-Match: *', file)).toBe(412)
    expect(await status(...put, ...incomplete, '-H', 'Upload-Length: 11', file)).toBe(413)
    // HEAD
    expect(await status('--head', path)).toBe(204)
    expect(await status('--head', `${uploads}/x`)).toBe(404)
    // PATCH
    expect(await status(...patch, ...offset(0), ...incomplete, ...data('abc'), path)).toBe(204)
    expect(await status(...patch, ...offset(3), ...data('abc'), path)).toBe(400)
    expect(await status(...patch, ...offset(3), ...incomplete, ...data('d'), `${uploads}/x`)).toBe(404)
    expect(await status(...patch, ...offset(2), ...incomplete, ...data('abc'), path)).toBe(409)
    expect(await status(...patch, ...offset(3), ...incomplete, ...data('0123456789'), path)).toBe(413)
    expect(await status('-X', 'PATCH', ...text, ...offset(3), ...incomplete, ...data('d'), path)).toBe(415)
    expect(await status(...patch, ...offset(3), ...complete, ...data('d'), path)).toBe(200)
    // DELETE
    expect(await status('-X', 'DELETE', path)).toBe(204)
    expect(await status('-X', 'DELETE', `${uploads}/x`)).toBe(404)
    // tus
    expect(await status('-X', 'POST', '-H', 'Tus-Resumable: 0.2', uploads)).toBe(412)
    const typed = ['-H', 'Upload-Metadata: type dGV4dC9wbGFpbg==']
    const empty = ['-X', 'POST', ...tus, ...typed]
    expect(await status(...empty, '-H', 'Upload-Length: 11', uploads)).toBe(413)
    const other = await at(uploads, ...empty, '-H', 'Upload-Length: 3')
    const bytes = ['-X', 'PATCH', ...tus, '-H', 'Content-Type: application/offset+octet-stream']
    expect(await status('--head', ...tus, other)).toBe(200)
    expect(await status(...bytes, ...offset(1), ...data('abc'), other)).toBe(409)
    expect(
      await status(
        ...bytes,
        ...offset(0),
        '-H',
        'Upload-Checksum: md5 AAAAAAAAAAAAAAAAAAAAAA==',
        ...data('abc'),
        other,
      ),
    ).toBe(460)
    expect(await status(...bytes, ...offset(0), ...data('abc'), other)).toBe(204)
    expect(await status('-X', 'DELETE', ...tus, other)).toBe(204)
  })

  it('gets 403 from authorize and for an upload that joins others, and 429 from the application', async () => {
    let refusal: 403 | 429 | undefined
    const { url } = await start({
      authorize: () => refusal !== 403 || 403,
      resumable: {
        beforeCreate: () => {
          if (refusal === 429) throw Object.assign(new Error('too many unfinished uploads'), { statusCode: 429 })
        },
      },
    })
    const uploads = `${url}/photos/uploads`
    const creations = [
      ['-X', 'POST', ...tus, '-H', 'Upload-Length: 3', uploads],
      ['-X', 'POST', ...tus, '-H', 'Upload-Length: 3', '-H', 'Upload-Concat: partial', uploads],
      ['-X', 'POST', '-H', 'Upload-Complete: ?0', uploads],
      ['-X', 'PUT', '-H', 'Upload-Complete: ?0', `${url}/photos/files/a`],
    ]
    for (refusal of [403, 429] as const) {
      for (const args of creations) expect((await curl(...args)).statuses).toEqual([refusal])
    }
    refusal = undefined
    const [, partial = []] = creations
    const part = new URL((await curl(...partial)).headers['location'] ?? '', uploads).href
    const bytes = ['-X', 'PATCH', ...tus, '-H', 'Content-Type: application/offset+octet-stream']
    expect((await curl(...bytes, '-H', 'Upload-Offset: 0', '--data-binary', 'abc', part)).statuses).toEqual([204])
    const joined = await curl('-X', 'POST', ...tus, '-H', `Upload-Concat: final;${part}`, uploads)
    const final = new URL(joined.headers['location'] ?? '', uploads).href
    expect((await curl(...bytes, '-H', 'Upload-Offset: 3', '--data-binary', 'd', final)).statuses).toEqual([403])
  })

  it('gets 423 by tus, and 503 by the IETF’s protocol, while the storage cannot be reached', async () => {
    const provider = new MemoryProvider()
    const { url } = await start({ provider })
    const uploads = `${url}/photos/uploads`
    const at = async (...args: readonly string[]) =>
      new URL((await curl(...args, uploads)).headers['location'] ?? '', uploads).href
    const byTus = await at('-X', 'POST', ...tus, '-H', 'Upload-Length: 3')
    const byIetf = await at('-X', 'POST', '-H', 'Upload-Complete: ?0')
    const { listHiddenFiles } = provider
    provider.listHiddenFiles = () => Promise.reject(new StorageError('UNAVAILABLE', 'down'))
    expect((await curl('--head', ...tus, byTus)).statuses).toEqual([423])
    expect((await curl('--head', byIetf)).statuses).toEqual([503])
    provider.listHiddenFiles = listHiddenFiles
    expect((await curl('--head', ...tus, byTus)).statuses).toEqual([200])
    expect((await curl('--head', byIetf)).statuses).toEqual([204])
    // In the IETF's protocol, GET is the same.
    expect((await curl(byIetf)).headers).toMatchObject({ 'upload-offset': '0', 'upload-complete': '?0' })
    expect((await curl(...tus, byTus)).statuses).toEqual([405])
  })

  it('gets 410 after the expiry', async () => {
    const { url } = await start({ resumable: { maxAge: 1 } })
    const { headers } = await curl('-X', 'PUT', '-H', 'Upload-Complete: ?0', `${url}/photos/files/a`)
    const path = new URL(headers['location'] ?? '', `${url}/photos/files/a`).href
    await eventually(async () => (await curl('--head', path)).statuses.at(-1) === 410)
    expect((await curl(...patch, '-H', 'Upload-Offset: 0', '-H', 'Upload-Complete: ?1', path)).statuses).toEqual([410])
  })
})

describe('fetch', () => {
  it('takes no notice of interim responses', async () => {
    const server = await start()
    const body = randomBytes(9_000_000)
    const headers = { 'Upload-Complete': '?1', 'Upload-Draft-Interop-Version': '8' }
    const response = await server.fetch('/photos/files/a', { method: 'PUT', headers, body })
    expect([response.status, response.headers.get('upload-complete')]).toEqual([201, '?1'])
    expect((await content(server, 'a')).equals(body)).toBe(true)
  })
})
