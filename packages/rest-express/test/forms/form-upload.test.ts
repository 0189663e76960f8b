import { createServer } from 'node:http'
import { StorageError, StorageService } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import { describe, expect, it } from 'vitest'
import { sendError, type UploadResult, upload } from '../../src/index.js'
import { BrokenWrites } from '../tools/faulty-provider.js'
import {
  errorOf,
  eventually,
  fieldPart,
  filePart,
  form,
  isFetch,
  listen,
  multipart,
  namesIn,
  openSocket,
  type RestServer,
  rawRequest,
  resultOf,
  sendForm,
  startServer,
} from '../tools/rest-server.js'
import { makeProvider, storageKinds } from '../tools/storages.js'

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
    const response = await sendForm(server, form(files))
    const { files: found } = await resultOf(response)
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
    const response = await sendForm(
      server,
      form([
        ['file', 'new.txt', 'new'],
        ['file', 'old.txt', 'replaced'],
        ['file', 'big.txt', 'x'.repeat(1001)],
      ]),
    )
    expect([response.status, (await errorOf(response)).code]).toEqual([413, 'TOO_LARGE'])
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
    const response = await sendForm(server, form([...files, ['file', 'big.txt', 'x'.repeat(1001)]]))
    expect(response.status).toBe(413)
    // What was there before is there still, in one version or the other.
    expect(await namesIn(server.storage)).toEqual(['01.txt'])
  })

  it('of up to eight files shows none before all have come in', async () => {
    const { storage, port, mount } = await startServer({ provider: makeProvider(kind) })
    await storage.putFile('photos', '0.txt', 'old')
    const names = Array.from({ length: 8 }, (_, index) => `${index}.txt`)
    const body = multipart(
      'X',
      names.map((name) => [filePart('file', name), Buffer.alloc(70_000)] as const),
    )
    const socket = await openSocket(port)
    socket.write(
      `POST ${mount}/photos/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=X\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    await new Promise<void>((resolve) => socket.write(body.subarray(0, -3), () => resolve()))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await namesIn(storage)).toEqual(['0.txt'])
    expect((await storage.getFile('photos', '0.txt')).size).toBe(3)
    socket.write(body.subarray(-3))
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
    expect(await namesIn(storage)).toEqual(names)
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
    const response = await sendForm(server, form(names.map((name) => ['file', name, name] as const)))
    const { files } = await resultOf(response)
    expect(files['file']?.map(({ name }) => name)).toEqual(names)
    for (const name of names) expect(await (await server.storage.openFile('photos', name)).text()).toBe(name)
  })

  it('has the names that a raw upload has, whatever they hold', async () => {
    const server = await startServer({ provider: makeProvider(kind) })
    const names = [
      'a/b/c.txt',
      '/etc/passwd',
      '../../a.txt',
      '..\\..\\a.txt',
      'a\\b.txt',
      'C:a.txt',
      'a/',
      '.',
      'x/..',
      '%2e%2e',
      'a\0b',
      'a\x01\x1f\x7fb',
      'a\tb',
      'a\r\nb',
      ' a ',
      'a\';="b',
    ]
    const parts = names.map((name) => {
      const written = name.replace(/[\r\n"]/g, encodeURIComponent)
      return [filePart('f', written), `form: ${name}`] as const
    })
    const response = await sendRaw(server, multipart('X', parts))
    expect([response.statusCode, response.body]).toEqual([200, expect.anything()])
    expect((await namesIn(server.storage)).toSorted()).toEqual(names.toSorted())
    for (const name of names) {
      expect(await (await server.storage.openFile('photos', name)).text()).toBe(`form: ${name}`)
      // URLs have no such names.
      if (isFetch && /^\.{1,2}$/.test(name)) continue
      const put = `PUT ${server.mount}/photos/files/${encodeURIComponent(name)} HTTP/1.1\nContent-Length: 1`
      // It replaces the form's file.
      expect((await rawRequest(server.port, put, 'x')).statusCode).toBe(200)
    }
  })

  it.each([
    ['C:\\fakepath\\a.txt', 'a.txt'],
    ['C:\\\\fakepath\\\\a.txt', 'a.txt'],
    ['d:\\my files\\a b.txt', 'a b.txt'],
    ['\\\\server\\share\\a.txt', 'a.txt'],
  ])('has no path of a Windows machine in its name: takes %s for %s', async (filename, name) => {
    const server = await startServer({ provider: makeProvider(kind) })
    const response = await sendRaw(server, multipart('X', [[filePart('file', filename), 'x']]))
    expect(response.statusCode).toBe(200)
    expect(await namesIn(server.storage)).toEqual([name])
  })

  it.each(['C:\\fakepath\\', 'x'.repeat(1025)])('refuses the filename %s', async (filename) => {
    const server = await startServer({ provider: makeProvider(kind) })
    const response = await sendRaw(server, multipart('X', [[filePart('file', filename), 'x']]))
    expect([response.statusCode, JSON.parse(response.body).error.code]).toEqual([400, 'INVALID_NAME'])
    expect(await namesIn(server.storage)).toEqual([])
  })

  it('refuses two files of one name', async () => {
    const server = await startServer({ provider: makeProvider(kind) })
    const response = await sendForm(
      server,
      form([
        ['a', 'same.txt', '1'],
        ['b', 'same.txt', '2'],
      ]),
    )
    expect([response.status, (await errorOf(response)).code]).toEqual([409, 'NAME_CONFLICT'])
    expect(await namesIn(server.storage)).toEqual([])
  })

  it('responds with 404 to a missing container', async () => {
    const { fetch } = await startServer({ provider: makeProvider(kind) })
    const response = await fetch('/nope/upload', { method: 'POST', body: form([['f', 'a.txt', 'x']]) })
    expect([response.status, (await errorOf(response)).code]).toEqual([404, 'CONTAINER_NOT_FOUND'])
  })
})

describe('A form whose storage fails while the files are put in place', () => {
  it('takes back the files that were new, and leaves those that replaced others', async () => {
    const server = await startServer({ provider: new BrokenWrites('full.txt') })
    await server.storage.putFile('photos', 'old.txt', 'old')
    const response = await sendForm(
      server,
      form([
        ['file', 'new.txt', 'new'],
        ['file', 'old.txt', 'replaced'],
        ['file', 'full.txt', 'x'],
      ]),
    )
    expect([response.status, (await errorOf(response)).message]).toEqual([507, 'the storage is full'])
    await eventually(async () => (await namesIn(server.storage)).length === 1)
    expect(await namesIn(server.storage)).toEqual(['old.txt'])
  })

  it('takes nothing back where it could not be told what is new', async () => {
    const provider = new BrokenWrites('full.txt')
    const server = await startServer({ provider })
    await server.storage.putFile('photos', 'old.txt', 'old')
    provider.getFile = () => Promise.reject(new StorageError('PERMISSION_DENIED', 'no'))
    const body = form([
      ['file', 'old.txt', 'replaced'],
      ['file', 'full.txt', 'x'],
    ])
    expect((await sendForm(server, body)).status).toBe(507)
    expect(await namesIn(server.storage)).toEqual(['old.txt'])
  })

  it('does not delete what another client has written since', async () => {
    const provider = new BrokenWrites('full.txt')
    const server = await startServer({ provider })
    const remove = provider.removeFile.bind(provider)
    provider.removeFile = async (...args) => {
      provider.removeFile = remove
      await server.storage.putFile('photos', 'new.txt', 'somebody else')
      return remove(...args)
    }
    const response = await sendForm(
      server,
      form([
        ['file', 'new.txt', 'new'],
        ['file', 'full.txt', 'x'],
      ]),
    )
    expect(response.status).toBe(507)
    expect(await (await server.storage.openFile('photos', 'new.txt')).text()).toBe('somebody else')
  })
})

describe('A form of large files, for a storage that keeps them in memory', () => {
  it('is put in place file by file, so that few are held', async () => {
    const server = await startServer({ maxFileSize: 20_000_000 })
    const content = Buffer.alloc(12_000_000)
    const names = ['1', '2', '3', '4', '5', '6']
    const response = await sendForm(
      server,
      form([...names.map((name) => ['f', name, content] as const), ['f', 'x'.repeat(1025), 'x']]),
    )
    expect(response.status).toBe(400)
    expect(await namesIn(server.storage)).toEqual([])
    expect((await sendForm(server, form(names.map((name) => ['f', name, content] as const)))).status).toBe(200)
    expect(await namesIn(server.storage)).toEqual(names)
  })
})

describe('A form that is not well-formed', () => {
  it.each<[string, string | Buffer, string?]>([
    ['has no boundary in its type', multipart('X', [[filePart('f', 'a'), 'x']]), 'multipart/form-data'],
    ['has another boundary than its type says', multipart('Y', [[filePart('f', 'a'), 'x']])],
    ['has an empty boundary', multipart('', [[filePart('f', 'a'), 'x']]), 'multipart/form-data; boundary=""'],
    [
      'has a boundary of 71 characters',
      multipart('X'.repeat(71), []),
      `multipart/form-data; boundary=${'X'.repeat(71)}`,
    ],
    ['has a quote in its boundary', multipart('a"b', []), 'multipart/form-data; boundary="a\\"b"'],
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
    [
      'has a part whose headers run into the next one',
      `--X\r\n${filePart('f', 'a')}\r\n\r\n--X\r\n\r\n${filePart('f', 'b')}\r\n\r\nx\r\n--X--\r\n`,
    ],
  ])('is refused with 400 when it %s', async (_what, body, type) => {
    const server = await startServer()
    const response = await sendRaw(server, body, type)
    expect([response.statusCode, JSON.parse(response.body).error.code]).toEqual([400, 'INVALID_ARGUMENT'])
    expect(await namesIn(server.storage)).toEqual([])
    expect((await server.fetch('/photos')).status).toBe(200)
  })

  it.each(['multipart/mixed; boundary=X', 'application/json', 'text/plain', 'nonsense'])(
    'is refused with 415 when its type is %s',
    async (type) => {
      const server = await startServer()
      const response = await sendRaw(server, multipart('X', [[filePart('f', 'a'), 'x']]), type)
      expect([response.statusCode, JSON.parse(response.body).error.code]).toEqual([415, 'TYPE_NOT_ALLOWED'])
    },
  )

  it('is refused when it has no type and no body at all', async () => {
    const { port, mount } = await startServer()
    expect((await rawRequest(port, `POST ${mount}/photos/upload HTTP/1.1`)).statusCode).toBe(415)
    const head = `POST ${mount}/photos/upload HTTP/1.1\nContent-Type: multipart/form-data; boundary=X`
    expect((await rawRequest(port, head)).statusCode).toBe(400)
  })

  it.skipIf(isFetch)('is refused as a body that was read before', async () => {
    const server = await startServer({
      before: (app) =>
        app.use((req, _res, next) => {
          req.resume().on('end', next)
        }),
    })
    const response = await sendForm(server, form([['f', 'a.txt', 'x']]))
    expect([response.status, (await errorOf(response)).message]).toEqual([500, expect.stringContaining('body parsers')])
  })
})

describe('The parts of a form', () => {
  it('may be an empty file input, which is no file', async () => {
    const server = await startServer()
    const body = multipart('X', [
      [`${filePart('f', '')}\r\nContent-Type: application/octet-stream`, ''],
      [fieldPart('title'), 'x'],
    ])
    const response = await sendRaw(server, body)
    expect(JSON.parse(response.body)).toEqual({ result: { files: {}, fields: { title: ['x'] } } })
  })

  it('keep fields under the names that they came with', async () => {
    const server = await startServer()
    const names = [
      'a[b]',
      'a[b][c]',
      'a[]',
      'b[4294967294]',
      'b[x]',
      '__proto__',
      'constructor',
      'toString',
      'a"b',
      'ü',
      'a.b',
    ]
    const response = await sendRaw(
      server,
      multipart('X', [
        ...names.map((name) => [fieldPart(name.replace('"', '%22')), `value of ${name}`] as const),
        [filePart('__proto__', 'a.txt'), 'x'],
      ]),
    )
    const { result } = JSON.parse(response.body) as { result: UploadResult }
    expect(Object.entries(result.fields)).toEqual(names.map((name) => [name, [`value of ${name}`]]))
    expect(Object.keys(result.files)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('are limited in number: 10,000 fields are refused', async () => {
    const server = await startServer()
    const fields = Array.from({ length: 10_000 }, (_, index) => [fieldPart(`f${index}`), 'x'] as const)
    const response = await sendRaw(server, multipart('X', fields))
    expect([response.statusCode, JSON.parse(response.body).error.message]).toEqual([
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
    const response = await sendRaw(server, multipart('X', parts))
    expect([response.statusCode, JSON.parse(response.body).error.code]).toEqual([413, 'TOO_LARGE'])
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
    const response = await fetch(url, { method: 'POST', body: form([['f', 'a.txt', 'abc']]) })
    expect(await response.json()).toEqual({
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
