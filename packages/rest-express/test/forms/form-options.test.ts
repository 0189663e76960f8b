/**
 * The upload options at work on forms.
 */
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it } from 'vitest'
import type { IncomingFile } from '../../src/index.js'
import { filePart, form, namesIn, rawRequest, resultOf, sendForm, startServer } from '../tools/rest-server.js'

describe('The option', () => {
  it('maxFileSize is 10 MiB by default', async () => {
    const server = await startServer()
    const upload = async (size: number) => (await sendForm(server, form([['f', 'a.bin', Buffer.alloc(size)]]))).status
    expect(await upload(10 * 1024 * 1024)).toBe(200)
    expect(await upload(10 * 1024 * 1024 + 1)).toBe(413)
    expect((await server.storage.getFile('photos', 'a.bin')).size).toBe(10 * 1024 * 1024)
  })

  it.each([[5], ['5']])('maxFileSize may be %j', async (maxFileSize) => {
    const server = await startServer({ maxFileSize })
    expect((await sendForm(server, form([['f', 'a.txt', '12345']]))).status).toBe(200)
    expect((await sendForm(server, form([['f', 'b.txt', '123456']]))).status).toBe(413)
    expect(await namesIn(server.storage)).toEqual(['a.txt'])
  })

  it('maxFileSize may be a function of the file', async () => {
    const server = await startServer({ maxFileSize: async ({ type }) => (type === 'text/plain' ? '3' : 5) })
    expect((await sendForm(server, form([['f', 'a.txt', '1234']]))).status).toBe(413)
    expect((await sendForm(server, form([['f', 'a.html', '12345', 'text/html']]))).status).toBe(200)
  })

  it('maxFileSize whose function gives nonsense is a failure of the server', async () => {
    const server = await startServer({ maxFileSize: () => Number.NaN })
    expect((await sendForm(server, form([['f', 'a.txt', 'x']]))).status).toBe(500)
  })

  it('allowedContentTypes may be a list', async () => {
    const server = await startServer({ allowedContentTypes: ['image/png', 'text/*'.replace('*', 'css')] })
    const upload = async (name: string, type: string) =>
      (await sendForm(server, form([['f', name, '<svg/>', type]]))).status
    expect(await upload('a.png', 'image/png')).toBe(200)
    expect(await upload('b.png', 'IMAGE/PNG; x=y')).toBe(200)
    expect(await upload('c.svg', 'image/svg+xml')).toBe(415)
    expect(await upload('d.svg', 'image/svg+xml; image/png')).toBe(415)
    expect(await upload('e.html', 'application/octet-stream')).toBe(415)
    expect(await upload('f.css', 'application/octet-stream')).toBe(200)
    expect(await namesIn(server.storage)).toEqual(['a.png', 'b.png', 'f.css'])
    expect((await server.storage.getFile('photos', 'f.css')).contentType).toBe('text/css')
  })

  it('allowedContentTypes may be a function of the file', async () => {
    const server = await startServer({ allowedContentTypes: ({ field }) => (field === 'image' ? ['image/png'] : []) })
    expect((await sendForm(server, form([['image', 'a.png', 'x', 'image/png']]))).status).toBe(200)
    expect((await sendForm(server, form([['other', 'b.png', 'x', 'image/png']]))).status).toBe(415)
  })

  it('allowedContentTypes whose function gives no list allows all types', async () => {
    const server = await startServer({ allowedContentTypes: () => undefined })
    expect((await sendForm(server, form([['f', 'a.xyz', 'x', 'application/x-own']]))).status).toBe(200)
  })

  it('getFilename leaves the original name to the other functions', async () => {
    const seen: unknown[] = []
    const acl = ({ name, originalFilename }: IncomingFile) => `${seen.push([name, originalFilename])}`
    const server = await startServer({ getFilename: ({ name }) => `new-${name}`, acl })
    await sendForm(server, form([['f', 'a.txt', 'x']]))
    expect(seen).toEqual([['new-a.txt', 'a.txt']])
  })

  it('getFilename returns the name, and the response contains the original one', async () => {
    const seen: unknown[] = []
    const server = await startServer({
      getFilename: async (file, req) => {
        seen.push(file)
        return file.name === 'same.txt' ? file.name : `${req.method}/2024/${file.name}`
      },
      nameConflict: 'makeUnique',
    })
    const response = await sendForm(
      server,
      form([
        ['f', 'a.txt', 'x'],
        ['f', 'same.txt', 'y'],
      ]),
    )
    expect((await resultOf(response)).files['f']).toEqual([
      {
        container: 'photos',
        name: 'POST/2024/a.txt',
        type: 'text/plain',
        field: 'f',
        size: 1,
        originalFilename: 'a.txt',
      },
      { container: 'photos', name: 'same.txt', type: 'text/plain', field: 'f', size: 1 },
    ])
    expect(seen[0]).toEqual({ container: 'photos', name: 'a.txt', type: 'text/plain', field: 'f' })
  })

  it.each([[''], ['x'.repeat(1025)], [5], ['\ud800']])('getFilename that gives %j is refused', async (name) => {
    const server = await startServer({ getFilename: () => name as string })
    expect((await sendForm(server, form([['f', 'a.txt', 'x']]))).status).toBe(400)
  })

  it('nameConflict: makeUnique stores under a random name that keeps the extension', async () => {
    const server = await startServer({ nameConflict: 'makeUnique' })
    const body = () =>
      form([
        ['f', 'a.PNG', 'x'],
        ['f', 'a.PNG', 'x'],
        ['f', 'noextension', 'x'],
        ['f', 'a.b/../<x>', 'x'],
      ])
    const entries = [...((await resultOf(await sendForm(server, body()))).files['f'] ?? [])]
    entries.push(...((await resultOf(await sendForm(server, body()))).files['f'] ?? []))
    expect(new Set(entries.map(({ name }) => name)).size).toBe(8)
    const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
    expect(entries[0]?.name).toMatch(new RegExp(`^${uuid}\\.PNG$`))
    expect(entries[2]?.name).toMatch(new RegExp(`^${uuid}$`))
    expect(entries[3]?.name).toMatch(new RegExp(`^${uuid}$`))
    expect(entries[0]?.originalFilename).toBe('a.PNG')
  })

  it('acl is in the response, and is passed to storages with access lists', async () => {
    const { provider, seen } = recordingProvider({ acl: true, nativeOptions: [] })
    const server = await startServer({ provider, acl: ({ name }) => `acl-of-${name}` })
    const entry = (await resultOf(await sendForm(server, form([['f', 'a.txt', 'x']])))).files['f']?.[0]
    expect(entry).toEqual({
      container: 'photos',
      name: 'a.txt',
      type: 'text/plain',
      field: 'f',
      size: 1,
      acl: 'acl-of-a.txt',
    })
    expect(seen[0]).toMatchObject({ acl: 'acl-of-a.txt' })
    const plain = await startServer({ acl: 'public-read' })
    expect((await resultOf(await sendForm(plain, form([['f', 'a.txt', 'x']])))).files['f']?.[0]?.acl).toBe(
      'public-read',
    )
  })

  it("Amazon's options are passed on where the storage lists them, and CacheControl is kept", async () => {
    const { provider, seen } = recordingProvider({ acl: false, nativeOptions: ['StorageClass', 'SSEKMSKeyId'] })
    const server = await startServer({
      provider,
      StorageClass: 'GLACIER',
      SSEKMSKeyId: 'key',
      ServerSideEncryption: 'aws:kms',
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: 'k',
      SSECustomerKeyMD5: 'm',
      CacheControl: 'max-age=60',
    })
    expect((await sendForm(server, form([['f', 'a.txt', 'x']]))).status).toBe(200)
    expect(seen[0]).toMatchObject({
      native: { StorageClass: 'GLACIER', SSEKMSKeyId: 'key' },
      attributes: { cacheControl: 'max-age=60' },
    })
    expect(Object.keys((seen[0] as { native: object }).native)).toHaveLength(2)
  })

  it('idleTimeout ends a form whose client falls silent', async () => {
    const server = await startServer({ idleTimeout: 50 })
    const head = 'Content-Type: multipart/form-data; boundary=X\nContent-Length: 1000'
    const start = `--X\r\n${filePart('f', 'a.txt')}\r\n\r\nabc`
    const response = await rawRequest(server.port, `POST ${server.mount}/photos/upload HTTP/1.1\n${head}`, start)
    expect([response.statusCode, JSON.parse(response.body).error.code]).toEqual([408, 'REQUEST_TIMEOUT'])
    expect(await namesIn(server.storage)).toEqual([])
  })
})

/** A provider with other capabilities, and what its writes were asked for. */
function recordingProvider(capabilities: { acl: boolean; nativeOptions: string[] }) {
  const seen: unknown[] = []
  const provider = new MemoryProvider()
  const put = provider.putFile.bind(provider)
  provider.putFile = (container, file, body, options) => {
    seen.push(options)
    return put(container, file, body, options)
  }
  Object.defineProperty(provider, 'capabilities', { value: { ...provider.capabilities, ...capabilities } })
  return { provider, seen }
}

describe('The type of a file', () => {
  it('is what the client states, or found by name and content when that says nothing', async () => {
    const server = await startServer()
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
    const response = await sendForm(
      server,
      form([
        ['f', 'a.html', 'x', 'text/html'],
        ['f', 'b.css', 'x', 'application/octet-stream'],
        ['f', 'c', png, 'application/octet-stream'],
        ['f', 'd', 'x', 'application/octet-stream'],
      ]),
    )
    expect((await resultOf(response)).files['f']?.map(({ type }) => type)).toEqual([
      'text/html',
      'text/css',
      'image/png',
      'application/octet-stream',
    ])
  })
})
