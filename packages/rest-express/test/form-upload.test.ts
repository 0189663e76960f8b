import { createServer } from 'node:http'
import { StorageService } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it } from 'vitest'
import { sendError, type UploadResult, upload } from '../src/index.js'
import { BrokenWrites } from './faulty-provider.js'
import {
  errorOf,
  eventually,
  fieldPart,
  filePart,
  form,
  listen,
  multipart,
  namesIn,
  openSocket,
  type RestServer,
  rawRequest,
  startServer,
} from './rest-server.js'
import { makeProvider, storageKinds } from './storages.js'

const send = (server: Pick<RestServer, 'fetch'>, body: FormData) =>
  server.fetch('/photos/upload', { method: 'POST', body })

const resultOf = async (answer: Response) => ((await answer.json()) as { result: UploadResult }).result

/** Sends a body of our own making. */
const sendRaw = ({ port, mount }: RestServer, body: Buffer | string, type = 'multipart/form-data; boundary=X') =>
  rawRequest(
    port,
    `POST ${mount}/photos/upload HTTP/1.1\nContent-Type: ${type}\nContent-Length: ${Buffer.byteLength(body)}`,
    body,
  )

describe.each(storageKinds)('A form uploaded to %s', (kind) => {
  it('is stored whole: files of many sizes, in their order', async () => {
    const server = await startServer({ provider: makeProvider(kind) })
    const sizes = [0, 1, 65_535, 65_536, 65_537, 3_000_000, 0, 20]
    const files = sizes.map((size, index) => [`f${index % 2}`, `${index}.bin`, Buffer.alloc(size, index)] as const)
    const answer = await send(server, form(files))
    const { files: found } = await resultOf(answer)
    expect(found['f0']?.map(({ name, size }) => [name, size])).toEqual([
      ['0.bin', 0],
      ['2.bin', 65_535],
      ['4.bin', 65_537],
      ['6.bin', 0],
    ])
    for (const [, name, content] of files) {
      const opened = await server.storage.openFile('photos', name)
      expect((await opened.bytes()).equals(content)).toBe(true)
    }
  })

  it('stores nothing and replaces nothing when its last file is too large', async () => {
    const server = await startServer({ provider: makeProvider(kind), maxFileSize: 1000 })
    await server.storage.putFile('photos', 'old.txt', 'old')
    const answer = await send(
      server,
      form([
        ['file', 'new.txt', 'new'],
        ['file', 'old.txt', 'replaced'],
        ['file', 'big.txt', 'x'.repeat(1001)],
      ]),
    )
    expect([answer.status, (await errorOf(answer)).code]).toEqual([413, 'TOO_LARGE'])
    expect(await namesIn(server.storage)).toEqual(['old.txt'])
    expect(await (await server.storage.openFile('photos', 'old.txt')).text()).toBe('old')
  })

  it('removes what it had put in place early when one of many files fails', async () => {
    const server = await startServer({ provider: makeProvider(kind), maxFileSize: 1000 })
    await server.storage.putFile('photos', '01.txt', 'old')
    const files = Array.from(
      { length: 20 },
      (_, index) => ['file', `${String(index).padStart(2, '0')}.txt`, 'x'] as const,
    )
    const answer = await send(server, form([...files, ['file', 'big.txt', 'x'.repeat(1001)]]))
    expect(answer.status).toBe(413)
    // What was there before is there still, in one version or the other.
    expect(await namesIn(server.storage)).toEqual(['01.txt'])
  })

  it('leaves nothing when the client goes away in the middle', async () => {
    const { storage, port, mount, failures } = await startServer({ provider: makeProvider(kind) })
    await storage.putFile('photos', 'old.txt', 'old')
    const body = multipart('X', [
      [filePart('file', 'new.txt'), 'new'],
      [filePart('file', 'old.txt'), 'replaced'],
      [filePart('file', 'rest.bin'), Buffer.alloc(300_000)],
    ])
    for (const length of [60, 120, 200, 400, 100_000, body.length - 10]) {
      failures.length = 0
      const socket = await openSocket(port)
      socket.write(
        `POST ${mount}/photos/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=X\r\nContent-Length: ${body.length}\r\n\r\n`,
      )
      socket.end(body.subarray(0, length))
      socket.resume()
      await eventually(() => failures.length === 1)
      expect(failures[0]).toMatchObject({ statusCode: 499, action: 'upload' })
      expect(await namesIn(storage)).toEqual(['old.txt'])
      expect(await (await storage.openFile('photos', 'old.txt')).text()).toBe('old')
    }
  })

  it('has names in every script, kept as the client sends them', async () => {
    const server = await startServer({ provider: makeProvider(kind) })
    const names = ['naïve "quoted".txt', '日本語.txt', '👩‍👩‍👧.txt', 'a%20b.txt', '50%.txt', "it's; a=b.txt"]
    const answer = await send(server, form(names.map((name) => ['file', name, name] as const)))
    const { files } = await resultOf(answer)
    expect(files['file']?.map(({ name }) => name)).toEqual(names)
    for (const name of names) expect(await (await server.storage.openFile('photos', name)).text()).toBe(name)
  })

  it.each([
    ['C:\\fakepath\\a.txt', 'a.txt'],
    ['/etc/passwd', 'passwd'],
    ['../../a.txt', 'a.txt'],
    ['..\\..\\a.txt', 'a.txt'],
    ['a/b/c.txt', 'c.txt'],
  ])('takes %s for %s', async (filename, name) => {
    const server = await startServer({ provider: makeProvider(kind) })
    const answer = await sendRaw(server, multipart('X', [[filePart('file', filename.replaceAll('\\', '\\\\')), 'x']]))
    expect(answer.statusCode).toBe(200)
    expect(await namesIn(server.storage)).toEqual([name])
  })

  it.each(['..', '.', 'a/', '../..', 'a\\\\', '\\\\..'])('refuses the filename %s', async (filename) => {
    const server = await startServer({ provider: makeProvider(kind) })
    const answer = await sendRaw(server, multipart('X', [[filePart('file', filename), 'x']]))
    expect([answer.statusCode, JSON.parse(answer.body).error.code]).toEqual([400, 'INVALID_NAME'])
    expect(await namesIn(server.storage)).toEqual([])
  })

  it('refuses two files of one name', async () => {
    const server = await startServer({ provider: makeProvider(kind) })
    const answer = await send(
      server,
      form([
        ['a', 'same.txt', '1'],
        ['b', 'same.txt', '2'],
      ]),
    )
    expect([answer.status, (await errorOf(answer)).code]).toEqual([409, 'NAME_CONFLICT'])
    expect(await namesIn(server.storage)).toEqual([])
  })

  it('answers 404 for a missing container', async () => {
    const { fetch } = await startServer({ provider: makeProvider(kind) })
    const answer = await fetch('/nope/upload', { method: 'POST', body: form([['f', 'a.txt', 'x']]) })
    expect([answer.status, (await errorOf(answer)).code]).toEqual([404, 'CONTAINER_NOT_FOUND'])
  })
})

describe('A form whose storage fails while the files are put in place', () => {
  it('takes back the files that were new, and leaves those that replaced others', async () => {
    const server = await startServer({ provider: new BrokenWrites('full.txt') })
    await server.storage.putFile('photos', 'old.txt', 'old')
    const answer = await send(
      server,
      form([
        ['file', 'new.txt', 'new'],
        ['file', 'old.txt', 'replaced'],
        ['file', 'full.txt', 'x'],
      ]),
    )
    expect([answer.status, (await errorOf(answer)).message]).toEqual([507, 'the storage is full'])
    await eventually(async () => (await namesIn(server.storage)).length === 1)
    expect(await namesIn(server.storage)).toEqual(['old.txt'])
  })

  it('does not take back what somebody else has written meanwhile', async () => {
    const provider = new BrokenWrites('full.txt')
    const server = await startServer({ provider })
    const remove = provider.removeFile.bind(provider)
    provider.removeFile = async (...args) => {
      provider.removeFile = remove
      await server.storage.putFile('photos', 'new.txt', 'somebody else')
      return remove(...args)
    }
    const answer = await send(
      server,
      form([
        ['file', 'new.txt', 'new'],
        ['file', 'full.txt', 'x'],
      ]),
    )
    expect(answer.status).toBe(507)
    expect(await (await server.storage.openFile('photos', 'new.txt')).text()).toBe('somebody else')
  })
})

describe('A form that is not well-formed', () => {
  it.each<[string, string | Buffer, string?]>([
    ['has no boundary in its type', multipart('X', [[filePart('f', 'a'), 'x']]), 'multipart/form-data'],
    ['has another boundary than its type says', multipart('Y', [[filePart('f', 'a'), 'x']])],
    ['has an empty boundary', multipart('', [[filePart('f', 'a'), 'x']]), 'multipart/form-data; boundary=""'],
    ['is empty', ''],
    ['ends before its last boundary', multipart('X', [[filePart('f', 'a'), 'x']]).subarray(0, -8)],
    ['ends in the middle of a file', multipart('X', [[filePart('f', 'a'), 'x'.repeat(500)]]).subarray(0, 200)],
    ['ends in the headers of a part', `--X\r\nContent-Disposition: form-data; name="f"; filen`],
    ['has a file with an empty field name', multipart('X', [[filePart('', 'a'), 'x']])],
    ['has a file without a field name', multipart('X', [['Content-Disposition: form-data; filename="a"', 'x']])],
    ['has a field with an empty name', multipart('X', [[fieldPart(''), 'x']])],
    ['has a field without a name', multipart('X', [['Content-Disposition: form-data', 'x']])],
    [
      'has bytes without a filename',
      multipart('X', [[`${fieldPart('f')}\r\nContent-Type: application/octet-stream`, 'x']]),
    ],
    [
      'has a header of a part that is too large',
      multipart('X', [[`${filePart('f', 'a')}\r\nX: ${'x'.repeat(20_000)}`, 'x']]),
    ],
    ['has a header of a part that is none', multipart('X', [[`${filePart('f', 'a')}\r\nno header`, 'x']])],
    ['has a NUL in a filename', multipart('X', [[filePart('f', 'a\0b'), 'x']])],
  ])('is refused with 400 when it %s', async (_what, body, type) => {
    const server = await startServer()
    const answer = await sendRaw(server, body, type)
    expect([answer.statusCode, JSON.parse(answer.body).error.code]).toEqual([400, 'INVALID_ARGUMENT'])
    expect(await namesIn(server.storage)).toEqual([])
    expect((await server.fetch('/photos')).status).toBe(200)
  })

  it.each(['multipart/mixed; boundary=X', 'application/json', 'text/plain', 'nonsense'])(
    'is refused with 415 when its type is %s',
    async (type) => {
      const server = await startServer()
      const answer = await sendRaw(server, multipart('X', [[filePart('f', 'a'), 'x']]), type)
      expect([answer.statusCode, JSON.parse(answer.body).error.code]).toEqual([415, 'TYPE_NOT_ALLOWED'])
    },
  )

  it('is refused when it has no type and no body at all', async () => {
    const { port, mount } = await startServer()
    expect((await rawRequest(port, `POST ${mount}/photos/upload HTTP/1.1`)).statusCode).toBe(415)
    const head = `POST ${mount}/photos/upload HTTP/1.1\nContent-Type: multipart/form-data; boundary=X`
    expect((await rawRequest(port, head)).statusCode).toBe(400)
  })

  it('is refused as a body that was read before', async () => {
    const server = await startServer({
      before: (app) =>
        app.use((req, _res, next) => {
          req.resume().on('end', next)
        }),
    })
    const answer = await send(server, form([['f', 'a.txt', 'x']]))
    expect([answer.status, (await errorOf(answer)).message]).toEqual([500, expect.stringContaining('body parsers')])
  })
})

describe('The parts of a form', () => {
  it('may be an empty file input, which is no file', async () => {
    const server = await startServer()
    const body = multipart('X', [
      [`${filePart('f', '')}\r\nContent-Type: application/octet-stream`, ''],
      [fieldPart('title'), 'x'],
    ])
    const answer = await sendRaw(server, body)
    expect(JSON.parse(answer.body)).toEqual({ result: { files: {}, fields: { title: ['x'] } } })
  })

  it('keep fields under the names that they came with', async () => {
    const server = await startServer()
    const names = ['a[b]', 'a[b][c]', 'a[]', 'a[999999999]', '__proto__', 'constructor', 'toString', 'a"b', 'ü', 'a.b']
    const answer = await sendRaw(
      server,
      multipart('X', [
        ...names.map((name) => [fieldPart(name.replace('"', '%22')), `value of ${name}`] as const),
        [filePart('__proto__', 'a.txt'), 'x'],
      ]),
    )
    const { result } = JSON.parse(answer.body) as { result: UploadResult }
    expect(Object.entries(result.fields)).toEqual(names.map((name) => [name, [`value of ${name}`]]))
    expect(Object.keys(result.files)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('are limited in number: 10,000 fields are refused', async () => {
    const server = await startServer()
    const fields = Array.from({ length: 10_000 }, (_, index) => [fieldPart(`f${index}`), 'x'] as const)
    const answer = await sendRaw(server, multipart('X', fields))
    expect([answer.statusCode, JSON.parse(answer.body).error.message]).toEqual([
      413,
      'the form has more than 1000 fields',
    ])
  })

  it.each([
    [{ maxFields: 1 }, [[fieldPart('a'), ''] as const, [fieldPart('b'), ''] as const]],
    [{ maxFiles: 1 }, [[filePart('a', 'a'), ''] as const, [filePart('b', 'b'), ''] as const]],
    [{ maxFieldsSize: 10 }, [[fieldPart('a'), '12345678'] as const, [fieldPart('b'), '1'] as const]],
    [{ maxFieldsSize: '10' }, [[fieldPart('a'), '1234567890'] as const]],
    [{ maxFieldsSize: 10 }, [[fieldPart('a'.repeat(11)), ''] as const]],
  ])('are refused beyond %j', async (options, parts) => {
    const server = await startServer(options)
    const answer = await sendRaw(server, multipart('X', parts))
    expect([answer.statusCode, JSON.parse(answer.body).error.code]).toEqual([413, 'TOO_LARGE'])
    expect(await namesIn(server.storage)).toEqual([])
  })

  it('are kept at the very limits', async () => {
    const server = await startServer({ maxFields: 2, maxFiles: 1, maxFieldsSize: 10, maxFileSize: 3 })
    const body = multipart('X', [
      [fieldPart('a'), '1234'],
      [filePart('f', 'f.txt'), 'xyz'],
      [fieldPart('b'), '1234'],
    ])
    expect((await sendRaw(server, body)).statusCode).toBe(200)
  })

  it('may not be surrounded by endless nothing', async () => {
    const server = await startServer()
    const good = multipart('X', [[filePart('f', 'a.txt'), 'x']])
    const noise = Buffer.alloc(3_000_000, '.')
    expect((await sendRaw(server, Buffer.concat([noise, Buffer.from('\r\n'), good]))).statusCode).toBe(413)
    expect((await sendRaw(server, Buffer.concat([good, noise]))).statusCode).toBe(413)
    expect(await namesIn(server.storage)).toEqual([])
  })

  it('may have their filename in the extended form', async () => {
    const server = await startServer()
    const headers = `Content-Disposition: form-data; name="f"; filename="x.txt"; filename*=UTF-8''na%C3%AFve.txt`
    expect((await sendRaw(server, multipart('X', [[headers, 'x']]))).statusCode).toBe(200)
    expect(await namesIn(server.storage)).toEqual(['naïve.txt'])
  })
})

describe('The option', () => {
  it('maxFileSize is 10 MiB by default', async () => {
    const server = await startServer()
    const upload = async (size: number) => (await send(server, form([['f', 'a.bin', Buffer.alloc(size)]]))).status
    expect(await upload(10 * 1024 * 1024)).toBe(200)
    expect(await upload(10 * 1024 * 1024 + 1)).toBe(413)
    expect((await server.storage.getFile('photos', 'a.bin')).size).toBe(10 * 1024 * 1024)
  })

  it.each([[5], ['5']])('maxFileSize may be %j', async (maxFileSize) => {
    const server = await startServer({ maxFileSize })
    expect((await send(server, form([['f', 'a.txt', '12345']]))).status).toBe(200)
    expect((await send(server, form([['f', 'b.txt', '123456']]))).status).toBe(413)
    expect(await namesIn(server.storage)).toEqual(['a.txt'])
  })

  it('maxFileSize may be a function of the file', async () => {
    const server = await startServer({ maxFileSize: async ({ type }) => (type === 'text/plain' ? '3' : 5) })
    expect((await send(server, form([['f', 'a.txt', '1234']]))).status).toBe(413)
    expect((await send(server, form([['f', 'a.html', '12345', 'text/html']]))).status).toBe(200)
  })

  it('maxFileSize whose function gives nonsense is a failure of the server', async () => {
    const server = await startServer({ maxFileSize: () => Number.NaN })
    expect((await send(server, form([['f', 'a.txt', 'x']]))).status).toBe(500)
  })

  it('allowedContentTypes may be a list', async () => {
    const server = await startServer({ allowedContentTypes: ['image/png', 'text/*'.replace('*', 'css')] })
    const upload = async (name: string, type: string) =>
      (await send(server, form([['f', name, '<svg/>', type]]))).status
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
    expect((await send(server, form([['image', 'a.png', 'x', 'image/png']]))).status).toBe(200)
    expect((await send(server, form([['other', 'b.png', 'x', 'image/png']]))).status).toBe(415)
  })

  it('getFilename gives the name, and the answer the original one', async () => {
    const seen: unknown[] = []
    const server = await startServer({
      getFilename: async (file, req) => {
        seen.push(file)
        return file.name === 'same.txt' ? file.name : `${req.method}/2024/${file.name}`
      },
      nameConflict: 'makeUnique',
    })
    const answer = await send(
      server,
      form([
        ['f', 'a.txt', 'x'],
        ['f', 'same.txt', 'y'],
      ]),
    )
    expect((await resultOf(answer)).files['f']).toEqual([
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
    expect((await send(server, form([['f', 'a.txt', 'x']]))).status).toBe(400)
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
    const entries = [...((await resultOf(await send(server, body()))).files['f'] ?? [])]
    entries.push(...((await resultOf(await send(server, body()))).files['f'] ?? []))
    expect(new Set(entries.map(({ name }) => name)).size).toBe(8)
    const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
    expect(entries[0]?.name).toMatch(new RegExp(`^${uuid}\\.PNG$`))
    expect(entries[2]?.name).toMatch(new RegExp(`^${uuid}$`))
    expect(entries[3]?.name).toMatch(new RegExp(`^${uuid}$`))
    expect(entries[0]?.originalFilename).toBe('a.PNG')
  })

  it('acl is shown in the answer, and passed on where the storage has such lists', async () => {
    const { provider, seen } = recordingProvider({ acl: true, nativeOptions: [] })
    const server = await startServer({ provider, acl: ({ name }) => `acl-of-${name}` })
    const entry = (await resultOf(await send(server, form([['f', 'a.txt', 'x']])))).files['f']?.[0]
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
    expect((await resultOf(await send(plain, form([['f', 'a.txt', 'x']])))).files['f']?.[0]?.acl).toBe('public-read')
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
    expect((await send(server, form([['f', 'a.txt', 'x']]))).status).toBe(200)
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
    const answer = await rawRequest(server.port, `POST ${server.mount}/photos/upload HTTP/1.1\n${head}`, start)
    expect([answer.statusCode, JSON.parse(answer.body).error.code]).toEqual([408, 'REQUEST_TIMEOUT'])
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
    const answer = await send(
      server,
      form([
        ['f', 'a.html', 'x', 'text/html'],
        ['f', 'b.css', 'x', 'application/octet-stream'],
        ['f', 'c', png, 'application/octet-stream'],
        ['f', 'd', 'x', 'application/octet-stream'],
      ]),
    )
    expect((await resultOf(answer)).files['f']?.map(({ type }) => type)).toEqual([
      'text/html',
      'text/css',
      'image/png',
      'application/octet-stream',
    ])
  })
})

describe('upload()', () => {
  it('stores a form in a route of the application', async () => {
    const storage = new StorageService(new MemoryProvider())
    await storage.createContainer({ name: 'photos' })
    const server = createServer((req, res) => {
      upload(storage, req, res, { container: 'photos', maxFileSize: 3 }).then(
        (result) => res.end(JSON.stringify(result)),
        (error: unknown) => sendError(req, res, error),
      )
    })
    const { url } = await listen(server)
    const answer = await fetch(url, { method: 'POST', body: form([['f', 'a.txt', 'abc']]) })
    expect(await answer.json()).toEqual({
      files: { f: [{ container: 'photos', name: 'a.txt', type: 'text/plain', field: 'f', size: 3 }] },
      fields: {},
    })
    expect((await fetch(url, { method: 'POST', body: form([['f', 'b.txt', 'abcd']]) })).status).toBe(413)
  })

  it("takes the container from the route's parameters", async () => {
    const { default: express } = await import('express')
    const storage = new StorageService(new MemoryProvider())
    await storage.createContainer({ name: 'photos' })
    const app = express()
    app.post('/in/:container', async (req, res) => void res.json(await upload(storage, req, res)))
    const { url } = await listen(createServer(app))
    expect((await fetch(`${url}/in/photos`, { method: 'POST', body: form([['f', 'a.txt', 'x']]) })).status).toBe(200)
    expect(await namesIn(storage)).toEqual(['a.txt'])
  })
})
