/** The requests of Uppy, one by one. `tests/direct` runs Uppy itself. */
import { describe, expect, it } from 'vitest'
import { DescribedApi } from '../tools/described-api.js'
import { form, headerOf, namesIn, type RestServer, startServer } from '../tools/rest-server.js'

const secret = 'a secret for tests, of 32 characters or more'
const json = { 'Content-Type': 'application/json' }
const api = new DescribedApi({ direct: true })

const start = (options: Parameters<typeof startServer>[0] = {}) =>
  startServer({ direct: { secrets: [secret] }, maxFileSize: 100_000_000, ...options })

const post = ({ fetch }: RestServer, path: string, body: object) =>
  fetch(`/photos/direct${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) })

/** Sends a request, and returns its JSON after a comparison with the description. */
async function described<T>(operation: string, response: Promise<Response> | Response): Promise<T> {
  const received = await response
  await api.check(operation, received.clone())
  return (await received.json()) as T
}

interface Started {
  readonly key: string
  readonly uploadId: string
}

const startMultipart = (server: RestServer, body: object = {}) =>
  described<Started>(
    'startMultipart',
    post(server, '/s3/multipart', { filename: 'a b.txt', type: 'text/plain', ...body }),
  )

const put = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'PUT', body, headers })

describe('companionEndpoint', () => {
  it('starts, signs, lists and completes an upload', async () => {
    const server = await start()
    const { key, uploadId } = await startMultipart(server, { metadata: { size: 5 } })
    expect(key).toBe('a b.txt')
    const path = `/photos/direct/s3/multipart/${uploadId}`
    const query = `?key=${encodeURIComponent(key)}`
    const { url } = await described<{ url: string }>('signMultipart', server.fetch(`${path}/1${query}`))
    const batch = server.fetch(`${path}/batch${query}&partNumbers=1`)
    const { presignedUrls } = await described<{ presignedUrls: Record<string, string> }>('signBatch', batch)
    expect(Object.keys(presignedUrls)).toEqual(['1'])
    expect((await put(url, 'four')).status).toBe(400)
    const etag = (await put(url, 'hello')).headers.get('etag')
    const parts = await described('listMultipart', server.fetch(path + query))
    expect(parts).toEqual([{ PartNumber: 1, Size: 5, ETag: etag }])
    const body = { parts: [{ PartNumber: 1, ETag: etag?.replaceAll('"', '') }] }
    const completion = post(server, `/s3/multipart/${uploadId}/complete${query}`, body)
    const { location } = await described<{ location: string }>('completeMultipart', completion)
    expect(await (await fetch(location)).text()).toBe('hello')
  })

  it('knows an upload only under its own name', async () => {
    const server = await start()
    const { uploadId } = await startMultipart(server)
    const path = `/photos/direct/s3/multipart/${uploadId}`
    for (const [method, url] of [
      ['GET', `${path}?key=other`],
      ['GET', path],
      ['GET', `${path}/1?key=other`],
      ['DELETE', `${path}?key=other`],
    ] as const) {
      expect((await server.fetch(url, { method })).status).toBe(404)
    }
    const sign = post(server, '/sign', { method: 'PUT', key: 'other', uploadId, partNumber: 1 })
    expect((await sign).status).toBe(404)
  })

  it('receives no part that is larger than a file may be', async () => {
    const server = await start({ maxFileSize: 10 })
    const { key, uploadId } = await startMultipart(server)
    const path = `/photos/direct/s3/multipart/${uploadId}/1?key=${encodeURIComponent(key)}`
    const { url } = (await (await server.fetch(path)).json()) as { readonly url: string }
    expect((await put(url, 'more than 10')).status).toBe(413)
    expect((await put(url, 'exactly 10')).status).toBe(204)
  })

  it('deletes an upload, and has no temporary credentials', async () => {
    const server = await start()
    const { key, uploadId } = await startMultipart(server)
    const query = `?key=${encodeURIComponent(key)}`
    const path = `/photos/direct/s3/multipart/${uploadId}${query}`
    await described('deleteMultipart', server.fetch(path, { method: 'DELETE' }))
    expect(await Array.fromAsync(server.storage.uploads('photos'))).toEqual([])
    expect((await server.fetch('/photos/direct/s3/sts')).status).toBe(404)
  })

  it('sends forms to the router, with the type and the size that were announced', async () => {
    const server = await start({ maxFileSize: 10 })
    const params = (query: string) => server.fetch(`/photos/direct/s3/params?filename=a.txt&${query}`)
    expect((await params('type=text/plain&metadata[size]=11')).status).toBe(413)
    const signed = await described<{ url: string; fields: { key: string } }>('getFormUrl', params('type=text/plain'))
    expect(signed.fields).toEqual({ key: 'a.txt' })
    const send = (content: string, type: string) =>
      fetch(signed.url, { method: 'POST', body: form([['file', 'blob', content, type]]) })
    expect((await send('hello', 'text/html')).status).toBe(415)
    expect((await send('more than ten', 'text/plain')).status).toBe(413)
    expect(await namesIn(server.storage)).toEqual([])
    const sent = await send('hello', 'text/plain')
    await api.check('receivePost', sent.clone())
    expect([sent.status, sent.headers.get('etag')]).toEqual([201, expect.any(String)])
    expect(await namesIn(server.storage)).toEqual(['a.txt'])
  })

  it('calls authorize with the name', async () => {
    const calls: (string | undefined)[] = []
    const server = await start({
      authorize: ({ action, file, req }) => {
        calls.push(`${action} ${file ?? ''}`)
        return headerOf(req, 'x-user') === 'ada'
      },
    })
    const headers = { ...json, 'X-User': 'ada' }
    const body = JSON.stringify({ filename: 'a.txt', type: '' })
    const started = await server.fetch('/photos/direct/s3/multipart', { method: 'POST', headers, body })
    const { uploadId } = (await started.json()) as Started
    calls.length = 0
    const path = `/photos/direct/s3/multipart/${uploadId}`
    const requests = [
      server.fetch('/photos/direct/s3/params?filename=a.txt&type='),
      post(server, '/s3/multipart', { filename: 'a.txt', type: '' }),
      post(server, '/sign', { method: 'PUT', key: 'a.txt' }),
      server.fetch(`${path}?key=a.txt`),
      server.fetch(`${path}/1?key=a.txt`),
      server.fetch(`${path}?key=a.txt`, { method: 'DELETE' }),
      post(server, `/s3/multipart/${uploadId}/complete?key=a.txt`, { parts: [] }),
      post(server, '/sign', { method: 'POST', key: 'a.txt', uploadId }),
    ]
    for (const { status } of await Promise.all(requests)) expect(status).toBe(403)
    expect(calls.toSorted()).toEqual([...Array(3).fill('putFile '), ...Array(5).fill('putFile a.txt')])
  })
})

describe('signRequest', () => {
  const sign = (server: RestServer, request: object) =>
    described<{ url: string; key?: string }>('signRequest', post(server, '/sign', request))

  it('speaks XML at the start, for the list and at the completion', async () => {
    const server = await start()
    const key = 'a & b.txt'
    const type = { 'Content-Type': 'text/plain' }
    const started = await fetch((await sign(server, { method: 'POST', key })).url, { method: 'POST', headers: type })
    const xml = await started.text()
    expect(xml).toContain('<Key>a &amp; b.txt</Key>')
    const [, uploadId] = /<UploadId>(.*)<\/UploadId>/.exec(xml) ?? []
    const part = await put((await sign(server, { method: 'PUT', key, uploadId, partNumber: 1 })).url, 'hello')
    const etag = part.headers.get('etag') ?? ''
    const list = await fetch((await sign(server, { method: 'GET', key, uploadId })).url)
    expect(list.headers.get('content-type')).toBe('application/xml')
    expect(await list.text()).toContain('<PartNumber>1</PartNumber><Size>5</Size>')
    const { url } = await sign(server, { method: 'POST', key, uploadId })
    const complete = (body: string) =>
      fetch(url, { method: 'POST', body, headers: { 'Content-Type': 'application/xml' } })
    expect((await complete('<Other/>')).status).toBe(400)
    expect((await complete('<CompleteMultipartUpload></CompleteMultipartUpload>')).status).toBe(400)
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
    const completed = await complete(body)
    expect([completed.status, await completed.text()]).toEqual([200, expect.stringContaining('<Location>http')])
    expect(await server.storage.getFile('photos', key)).toMatchObject({ size: 5, contentType: 'text/plain' })
    const removal = await fetch((await sign(server, { method: 'DELETE', key, uploadId })).url, { method: 'DELETE' })
    await api.check('deletePermitted', removal)
    expect(await namesIn(server.storage)).toEqual([key])
  })

  it('a URL allows one kind of request, with the type that was announced', async () => {
    const server = await start()
    const { url } = await sign(server, { method: 'PUT', key: 'a.txt', contentType: 'text/plain' })
    expect((await put(url, 'hello', { 'Content-Type': 'text/html' })).status).toBe(415)
    for (const method of ['GET', 'DELETE']) expect((await fetch(url, { method })).status).toBe(405)
    expect(await namesIn(server.storage)).toEqual([])
    const stored = await put(url, 'hello', { 'Content-Type': 'text/plain' })
    await api.check('receivePut', stored)
    expect(await namesIn(server.storage)).toEqual(['a.txt'])
  })

  it('rejects requests that are no upload', async () => {
    const server = await start()
    for (const request of [
      {},
      { method: 'DELETE', key: 'a' },
      { method: 'GET', key: 'a' },
      { method: 'PUT', key: 7 },
      { method: 'PUT', key: 'a', uploadId: 7 },
    ]) {
      expect((await post(server, '/sign', request)).status).toBe(400)
    }
    expect((await post(server, '/sign', { method: 'PUT', key: 'a', uploadId: 'x', partNumber: 1 })).status).toBe(404)
  })
})
