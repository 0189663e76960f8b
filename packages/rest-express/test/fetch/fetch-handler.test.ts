/**
 * The features of the Fetch handler that the router does not have. The tests of the router test its
 * routes: see `vitest.fetch.config.ts`.
 */
import { randomBytes } from 'node:crypto'
import { readdir, readlink } from 'node:fs/promises'
import { StorageError, StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import { describe, expect, it } from 'vitest'
import { type StorageHandlerOptions, storageHandler } from '../../src/fetch/index.js'
import { BrokenReads } from '../tools/faulty-provider.js'
import { errorOf, eventually, form, namesIn } from '../tools/rest-server.js'
import { makeProvider, storageKinds, temporaryDirectory } from '../tools/storages.js'

async function handlerOver(options: StorageHandlerOptions = {}, provider = makeProvider('memory')) {
  const storage = new StorageService(provider)
  await storage.createContainer({ name: 'photos' })
  const failures: unknown[] = []
  const handler = storageHandler(storage, { onError: (error) => failures.push(error), ...options })
  const send = (path: string, init: RequestInit = {}) =>
    handler(new Request(`http://localhost${path}`, { duplex: 'half', ...init } as RequestInit))
  return { storage, handler, send, failures }
}

const json = { 'Content-Type': 'application/json' }

/** A body that fails after its first bytes, as that of a client that goes away. */
const brokenBody = () =>
  new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(1000)),
    pull: (controller) => controller.error(new Error('connection lost')),
  })

/** A body that never goes on after its first bytes. */
const endlessBody = () =>
  new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(1000)) })

describe('The base path', () => {
  it('is removed from the paths, with and without a slash and a query after it', async () => {
    const { send } = await handlerOver({ basePath: '/api/storage' })
    for (const path of ['/api/storage', '/api/storage/', '/api/storage?x=1', '/api/storage/?x=1']) {
      const response = await send(path)
      expect([response.status, await response.json()]).toMatchObject([200, [{ name: 'photos' }]])
    }
    expect((await send('/api/storage/photos/files/a%2Fb', { method: 'PUT', body: 'abc' })).status).toBe(201)
    expect(await (await send('/api/storage/photos/download/a/b')).text()).toBe('abc')
  })

  it('leaves all other paths alone', async () => {
    const { send, failures } = await handlerOver({ basePath: '/api/storage' })
    for (const path of ['/', '/api', '/api/storages', '/api/storagephotos', '/photos', '/other/api/storage']) {
      const response = await send(path)
      expect([response.status, (await errorOf(response)).code]).toEqual([404, 'NOT_FOUND'])
    }
    expect(failures).toHaveLength(6)
  })

  it.each([
    ['https://example.org/photos', 200],
    ['https://example.org:8080/photos?x=1', 200],
    ['http://[::1]:3000/photos', 200],
    ['http://localhost/other', 404],
  ])('may be the root: %s', async (url, status) => {
    const { handler } = await handlerOver()
    expect((await handler(new Request(url))).status).toBe(status)
  })

  it.each(['api', '/api/', '/', '//', '/a?b', '/a#b', 5, null])('must be a path: not %j', async (basePath) => {
    await expect(handlerOver({ basePath: basePath as string })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { property: 'basePath' },
    })
  })
})

describe('notFound', () => {
  it('responds to unknown paths, and receives the request unread', async () => {
    const notFound = async (request: Request) => new Response(`${request.method} ${await request.text()}`)
    const { send, failures } = await handlerOver({ basePath: '/api', notFound })
    for (const path of ['/other', '/api/photos/nothing', '/api/photos/nothing/here']) {
      expect(await (await send(path, { method: 'POST', body: 'abc' })).text()).toBe('POST abc')
    }
    expect((await send('/api/missing')).status).toBe(404)
    expect(failures).toHaveLength(1)
  })

  it('may fail, and the promise with it', async () => {
    const notFound = () => Promise.reject(new Error('no page'))
    const { send } = await handlerOver({ basePath: '/api', notFound })
    await expect(send('/other')).rejects.toThrow('no page')
    await expect(send('/api/photos/nothing')).rejects.toThrow('no page')
  })
})

describe('The options', () => {
  it('are those of the router: an unknown one is an error', async () => {
    await expect(handlerOver({ maxFilesize: 1 } as StorageHandlerOptions)).rejects.toThrow('maxFilesize')
    await expect(handlerOver({ notFound: 1 } as never)).rejects.toThrow('notFound must be a function')
    await expect(handlerOver({ authorize: 1 } as never)).rejects.toThrow('authorize must be a function')
    expect(() => storageHandler(Promise.resolve() as never)).toThrow('storage is a promise')
  })

  it('that are functions receive the request of the web platform, and the headers of the response', async () => {
    const seen = new Map<string, unknown[]>()
    const note =
      <T>(name: string, result: T) =>
      (...args: unknown[]): T => {
        seen.set(name, args)
        return result
      }
    const { send } = await handlerOver({
      authorize: note('authorize', true),
      maxFileSize: note('maxFileSize', 100),
      allowedContentTypes: note('allowedContentTypes', undefined),
      policy: note('policy', undefined),
      getFilename: note('getFilename', 'stored.txt'),
      acl: note('acl', 'private'),
      cacheControl: note('cacheControl', 'no-store'),
      headers: (_file, req) => {
        seen.set('headers', [req])
        return { 'X-Of-Application': 'yes' }
      },
      onError: note('onError', undefined),
      resumable: { owner: note('owner', 'me'), onComplete: note('onComplete', undefined) },
    })
    expect((await send('/photos/upload', { method: 'POST', body: form([['f', 'a.txt', 'abc']]) })).status).toBe(200)
    const download = await send('/photos/download/stored.txt')
    expect(download.headers.get('X-Of-Application')).toBe('yes')
    await send('/photos/files/none')
    const tus = { 'Tus-Resumable': '1.0.0', 'Upload-Length': '0', 'Upload-Metadata': 'name YQ==' }
    expect((await send('/photos/uploads', { method: 'POST', headers: tus })).status).toBe(201)
    expect([...seen.keys()].toSorted()).toEqual([
      'acl',
      'allowedContentTypes',
      'authorize',
      'cacheControl',
      'getFilename',
      'headers',
      'maxFileSize',
      'onComplete',
      'onError',
      'owner',
      'policy',
    ])
    for (const [name, args] of seen) {
      const objects = args.flatMap((arg) => (Object(arg) === arg ? [arg, ...Object.values(arg as object)] : []))
      expect([name, objects.some((value) => value instanceof Request)]).toEqual([name, true])
    }
    expect(seen.get('getFilename')?.[2]).toEqual({ headers: expect.any(Headers) })
  })

  it('call authorize with the object that the handler received', async () => {
    const users = new WeakMap<Request, string>()
    const { handler } = await handlerOver({ authorize: ({ req }) => users.has(req) })
    const request = new Request('http://localhost/photos')
    expect((await handler(request)).status).toBe(403)
    users.set(request, 'Ada')
    expect((await handler(request)).status).toBe(200)
  })

  it('authorize sets headers of the response', async () => {
    const { send } = await handlerOver({
      authorize: ({ req, res }) => {
        res.headers.set('WWW-Authenticate', 'Bearer')
        return req.headers.get('Authorization') === 'Bearer key' || 401
      },
    })
    const refused = await send('/photos')
    expect([refused.status, refused.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer'])
    expect((await send('/photos', { headers: { Authorization: 'Bearer key' } })).status).toBe(200)
  })

  it('forwardErrors makes the promise reject with failures of the server, and only with those', async () => {
    const bug = new Error('a bug')
    const { send, failures } = await handlerOver({
      forwardErrors: true,
      authorize: ({ container }) => (container === 'bug' ? Promise.reject(bug) : true),
    })
    await expect(send('/bug')).rejects.toBe(bug)
    expect(failures).toEqual([bug])
    expect((await send('/missing')).status).toBe(404)
    expect((await send('/photos/nothing')).status).toBe(404)
  })
})

describe('A body that was read before', () => {
  it.each([
    ['read', (request: Request) => request.arrayBuffer()],
    ['locked', async (request: Request) => request.body?.getReader()],
  ])('is refused, and not stored as an empty file: %s', async (_, read) => {
    const { handler, storage } = await handlerOver()
    for (const [path, method, headers] of [
      ['/photos/files/a', 'PUT', {}],
      ['/photos/copy', 'POST', json],
      ['/photos/upload', 'POST', { 'Content-Type': 'multipart/form-data; boundary=X' }],
    ] as const) {
      const request = new Request(`http://localhost${path}`, { method, headers, body: '{}' })
      await read(request)
      const response = await handler(request)
      expect([response.status, (await errorOf(response)).message]).toEqual([
        500,
        expect.stringContaining('already read'),
      ])
    }
    expect(await namesIn(storage)).toEqual([])
  })

  it('is no obstacle where no body is needed', async () => {
    const { handler } = await handlerOver()
    const request = new Request('http://localhost/photos/files/none', { method: 'DELETE', body: 'x' })
    await request.text()
    expect((await handler(request)).status).toBe(404)
  })
})

describe.each(storageKinds)('A client that goes away, with %s', (kind) => {
  it.each([
    ['a raw upload', '/photos/files/a', {}],
    ['a form', '/photos/upload', { 'Content-Type': 'multipart/form-data; boundary=X' }],
  ])('in the middle of %s, has nothing stored', async (_, path, headers) => {
    const { send, storage, failures } = await handlerOver({}, makeProvider(kind))
    const method = path.endsWith('upload') ? 'POST' : 'PUT'
    expect((await send(path, { method, headers, body: brokenBody() })).status).toBe(499)
    expect(failures).toEqual([expect.objectContaining({ code: 'ABORTED' })])
    expect(await namesIn(storage)).toEqual([])
  })

  it('before the handler is called, has nothing done', async () => {
    const { send, storage } = await handlerOver({}, makeProvider(kind))
    const signal = AbortSignal.abort()
    expect((await send('/photos/files/a', { method: 'PUT', body: brokenBody(), signal })).status).toBe(499)
    expect((await send('/photos', { signal })).status).toBe(499)
    expect(await namesIn(storage)).toEqual([])
  })
})

describe('A download', () => {
  const content = randomBytes(3_000_000)

  async function withFile() {
    const root = temporaryDirectory()
    const made = await handlerOver({}, new FilesystemProvider({ root }))
    await made.storage.putFile('photos', 'a', content)
    const isOpen = async () => {
      const links = await readdir('/proc/self/fd')
      const targets = await Promise.all(links.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
      return targets.includes(`${root}/photos/a`)
    }
    return { ...made, isOpen }
  }

  it('is read only as far as the client takes it, and its file is closed when the client cancels it', async () => {
    const { send, isOpen, failures } = await withFile()
    const response = await send('/photos/download/a')
    const reader = response.body?.getReader()
    expect((await reader?.read())?.value?.length).toBeGreaterThan(0)
    expect(await isOpen()).toBe(true)
    await reader?.cancel()
    await eventually(async () => !(await isOpen()))
    expect(failures).toEqual([expect.objectContaining({ code: 'ABORTED' })])
  })

  it('ends with an error when the request is aborted', async () => {
    const { send, isOpen } = await withFile()
    const controller = new AbortController()
    const response = await send('/photos/download/a', { signal: controller.signal })
    controller.abort()
    await expect(response.arrayBuffer()).rejects.toThrow()
    await eventually(async () => !(await isOpen()))
  })

  it('has the same bytes for each reader of a cloned response, and leaves those of the storage', async () => {
    const { send, storage } = await handlerOver()
    await storage.putFile('photos', 'a', content)
    for (let turn = 0; turn < 2; turn++) {
      const response = await send('/photos/download/a')
      const clone = response.clone()
      expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true)
      const transferred = structuredClone(await clone.arrayBuffer())
      expect(Buffer.from(transferred).equals(content)).toBe(true)
    }
  })

  it.each(['GET', 'HEAD'])(
    'by %s does not ask for the body of its request, which a server may create then',
    async (method) => {
      const { handler, storage } = await handlerOver()
      await storage.putFile('photos', 'a', content)
      const request = new Request('http://localhost/photos/download/a', { method })
      let asked = 0
      Object.defineProperty(request, 'body', {
        get: () => {
          asked++
          return null
        },
      })
      expect((await handler(request)).status).toBe(200)
      expect(asked).toBe(0)
    },
  )

  it('of HEAD has a length and no body', async () => {
    const { send } = await withFile()
    const response = await send('/photos/download/a', { method: 'HEAD' })
    expect([response.body, response.headers.get('Content-Length')]).toEqual([null, '3000000'])
  })
})

describe('An upload', () => {
  it('leaves the bytes to the clone of its request', async () => {
    const { handler, storage } = await handlerOver({}, new FilesystemProvider({ root: temporaryDirectory() }))
    const content = randomBytes(1_000_000)
    const request = new Request('http://localhost/photos/files/a', { method: 'PUT', body: content })
    const clone = request.clone()
    expect((await handler(request)).status).toBe(201)
    expect(Buffer.from(await clone.arrayBuffer()).equals(content)).toBe(true)
    expect((await (await storage.openFile('photos', 'a')).bytes()).equals(content)).toBe(true)
  })

  it('is ended with 408 when nothing comes', async () => {
    const { send } = await handlerOver({ idleTimeout: 30 })
    expect((await send('/photos/files/a', { method: 'PUT', body: endlessBody() })).status).toBe(408)
  })

  it('is stopped by an error of the storage', async () => {
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
      cancel: () => {
        cancelled = true
      },
    })
    const { send } = await handlerOver({ maxFileSize: 1_000_000 })
    const response = await send('/photos/files/a', { method: 'PUT', body })
    expect([response.status, (await errorOf(response)).code]).toEqual([413, 'TOO_LARGE'])
    // The rest is read and dropped, up to a limit.
    await eventually(() => cancelled)
  })

  it('names trailers as what the platform does not have', async () => {
    const { send } = await handlerOver({ resumable: true })
    const options = await send('/photos/uploads', { method: 'OPTIONS' })
    expect(options.headers.get('Tus-Extension')).not.toContain('checksum-trailer')
    expect(options.headers.get('Tus-Extension')).toContain('checksum')
  })
})

it('A failure of the storage after the head ends the body with an error', async () => {
  const provider = new BrokenReads(Buffer.alloc(200_000), new StorageError('PERMISSION_DENIED', 'no longer'))
  const { send, storage, failures } = await handlerOver({}, provider)
  await storage.putFile('photos', 'a', Buffer.alloc(1_000_000))
  const response = await send('/photos/download/a')
  expect([response.status, response.headers.get('Content-Length')]).toEqual([200, '1000000'])
  await expect(response.arrayBuffer()).rejects.toThrow('the response was not completed')
  expect(failures).toEqual([expect.objectContaining({ code: 'PERMISSION_DENIED' })])
})
