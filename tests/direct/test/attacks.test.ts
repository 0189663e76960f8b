/** What a client with a ticket must not be able to do, on every kind of service. */
import { expect, it } from 'vitest'
import { complete, create, type Part, postJson, send, startServer } from './server.js'
import { describePlaces } from './storages.js'

const content = Buffer.alloc(6 * 1024 * 1024, 'stowage')
/** The part sizes are 8 MiB by default; small parts are the last ones. */
const small = content.subarray(0, 1000)

describePlaces(({ name, open }) => {
  const start = async (options: Parameters<typeof startServer>[2] = {}) => {
    const { storage, container } = await open()
    return { storage, container, server: await startServer(storage, container, options) }
  }

  it('a file is sent in parts, and none of its bytes passes through the server', async () => {
    const { storage, container, server } = await start()
    const large = Buffer.concat([content, content])
    const created = await create(server, { file: 'a/b c.bin', size: large.length, contentType: 'application/x-test' })
    expect(created.direct).toBe(name !== 'filesystem')
    for (const part of created.parts) {
      const begin = (part.partNumber - 1) * created.partSize
      expect(await send(part, large.subarray(begin, begin + part.size))).toBeLessThan(300)
    }
    expect(await storage.getFiles(container)).toEqual([])
    expect(await complete(server, created.ticket)).toEqual([200, undefined])
    const opened = await storage.openFile(container, 'a/b c.bin')
    expect(opened.info.contentType).toBe('application/x-test')
    expect((await opened.bytes()).equals(large)).toBe(true)
    expect(server.contentBytes()).toBe(name === 'filesystem' ? large.length : 0)
  })

  it('a forged key is unknown', async () => {
    const { storage, container, server } = await start()
    await storage.putFile(container, 'victim', 'untouched')
    const started = await postJson(`${server.url}/direct/s3/multipart`, { filename: 'mine', type: 'text/plain' })
    const { uploadId, key } = (await started.json()) as { uploadId: string; key: string }
    expect(key).toBe('mine')
    const base = `${server.url}/direct/s3/multipart/${uploadId}`
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/1'],
      ['DELETE', ''],
      ['POST', '/complete'],
    ] as const) {
      const body = method === 'POST' ? { body: '{"parts":[]}', headers: { 'Content-Type': 'application/json' } } : {}
      for (const forged of ['victim', '', 'mine/']) {
        const response = await fetch(`${base}${path}?key=${forged}`, { method, ...body })
        expect(response.status).toBe(404)
      }
    }
    const signed = await postJson(`${server.url}/direct/sign`, {
      method: 'PUT',
      key: 'victim',
      uploadId,
      partNumber: 1,
    })
    expect(signed.status).toBe(404)
    expect(await (await storage.openFile(container, 'victim')).text()).toBe('untouched')
  })

  it('a foreign or invented upload id is unknown', async () => {
    const { server, storage, container } = await start()
    const upload = await storage.createDirectUpload(container, 'a', { size: 5 })
    for (const id of [upload.id, 'x', Buffer.alloc(200, 7).toString('base64url')]) {
      const ticket = encodeURIComponent(id)
      expect(await complete(server, ticket)).toEqual([404, 'UPLOAD_NOT_FOUND'])
      expect((await fetch(`${server.url}/direct/s3/multipart/${ticket}?key=a`)).status).toBe(404)
    }
  })

  it('a larger, a smaller and a missing part make no file', async () => {
    const { storage, container, server } = await start()
    const { ticket, parts } = await create(server, { file: 'a', size: small.length })
    const [part] = parts as [Part]
    expect(await complete(server, ticket)).toEqual([400, 'INVALID_PART'])
    for (const wrong of [content.subarray(0, 1001), content.subarray(0, 999)]) {
      const status = await send(part, wrong)
      if (name === 'filesystem' || name === 'ceph') expect(status).toBeGreaterThanOrEqual(400)
      expect(await complete(server, ticket)).toEqual([400, 'INVALID_PART'])
    }
    expect(await storage.getFiles(container)).toEqual([])
    await send(part, small)
    expect(await complete(server, ticket)).toEqual([200, undefined])
  })

  it('a file that is too large for the router is refused, with and without a stated size', async () => {
    const { storage, container, server } = await start({ maxFileSize: 1000 })
    const refused = await postJson(`${server.url}/direct`, { file: 'a', size: 1001 })
    expect(refused.status).toBe(413)
    const started = await postJson(`${server.url}/direct/s3/multipart`, { filename: 'a', type: '' })
    const { uploadId } = (await started.json()) as { uploadId: string }
    const { url } = (await (await fetch(`${server.url}/direct/s3/multipart/${uploadId}/1?key=a`)).json()) as Part
    await send({ url, method: 'PUT', headers: {}, partNumber: 1, size: 1001 }, content.subarray(0, 1001))
    const completion = await postJson(`${server.url}/direct/s3/multipart/${uploadId}/complete?key=a`, {
      parts: [{ PartNumber: 1 }],
    })
    expect(completion.status).toBeGreaterThanOrEqual(400)
    expect(await storage.getFiles(container)).toEqual([])
  })

  it('another type is refused, and the type of the request for a part has no effect', async () => {
    const { storage, container, server } = await start({ allowedContentTypes: ['text/plain'] })
    for (const contentType of ['text/html', undefined]) {
      const response = await postJson(`${server.url}/direct`, { file: 'a.html', size: 5, contentType })
      expect(response.status).toBe(415)
    }
    const { ticket, parts } = await create(server, { file: 'a.txt', size: 5, contentType: 'text/plain' })
    const [part] = parts as [Part]
    await send({ ...part, headers: { ...part.headers, 'Content-Type': 'text/html' } }, content.subarray(0, 5))
    await complete(server, ticket)
    expect(await storage.getFile(container, 'a.txt')).toMatchObject({ contentType: 'text/plain' })
  })

  it('an expired ticket and an expired URL are refused', async () => {
    const { storage, container, server } = await start({ direct: { maxAge: 1, urlLifetime: 1 } })
    const { ticket, parts } = await create(server, { file: 'a', size: 5 })
    // Services count whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(await send((parts as [Part])[0], content.subarray(0, 5))).toBeGreaterThanOrEqual(400)
    expect(await complete(server, ticket)).toEqual([410, 'UPLOAD_EXPIRED'])
    expect(await storage.getFiles(container)).toEqual([])
  })

  it('a repeated completion, and a URL that is used again, change nothing', async () => {
    const { storage, container, server } = await start()
    const { ticket, parts } = await create(server, { file: 'a', size: small.length })
    const [part] = parts as [Part]
    await send(part, small)
    await complete(server, ticket)
    const { etag } = await storage.getFile(container, 'a')
    await send(part, Buffer.alloc(1000, 'x'))
    for (let times = 0; times < 2; times++) expect(await complete(server, ticket)).toEqual([200, undefined])
    const opened = await storage.openFile(container, 'a')
    expect(opened.info.etag).toBe(etag)
    expect((await opened.bytes()).equals(small)).toBe(true)
  })

  it('a condition that no longer holds is refused at the completion', async () => {
    const { storage, container, server } = await start()
    const { ticket, parts } = await create(server, { file: 'a', size: 5, conditions: { ifNoneMatch: '*' } })
    await send((parts as [Part])[0], content.subarray(0, 5))
    await storage.putFile(container, 'a', 'first')
    expect(await complete(server, ticket)).toEqual([412, 'PRECONDITION_FAILED'])
    expect(await (await storage.openFile(container, 'a')).text()).toBe('first')
  })

  it('an upload that is never completed is found by purgeUploads', async () => {
    const { storage, container, server } = await start()
    const { parts, ticket } = await create(server, { file: 'a', size: 5 })
    await send((parts as [Part])[0], content.subarray(0, 5))
    expect(await storage.purgeUploads(container)).toMatchObject([{ file: 'a' }])
    expect(await complete(server, ticket)).toEqual([404, 'UPLOAD_NOT_FOUND'])
  })
})
