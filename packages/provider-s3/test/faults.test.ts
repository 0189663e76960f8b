import { randomBytes, randomUUID } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type StorageError, StorageService } from '@stowage/core'
import {
  describeServer,
  httpResponse,
  startIdleClosingProxy,
  startTcpProxy,
  type TcpProxy,
} from '@stowage/test-servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { S3Provider, type S3ProviderOptions } from '../src/index.js'

const MiB = 1024 ** 2
const coded = (code: string) => expect.objectContaining({ code })

/** Retries with minimal delays. */
const retry = { attempts: 3, minDelay: 1, maxDelay: 5, maxOutage: 0 }

describeServer('ceph', ({ endpoint, region, key, keyId }) => {
  const container = `faults-${randomUUID()}`
  const content = randomBytes(3 * MiB)
  const direct = new StorageService(new S3Provider({ endpoint, region, key, keyId }))
  let proxy: TcpProxy
  beforeAll(async () => {
    proxy = await startTcpProxy(endpoint as string)
    await direct.createContainer({ name: container })
    await direct.putFile(container, 'file', content)
  })
  afterAll(async () => {
    await direct.destroyContainer(container)
    await direct.close()
    await proxy.stop()
  })

  /** Calls `use` with a new storage, whose first request meets the first fault. */
  const through = async (use: (storage: StorageService) => Promise<void>, options: S3ProviderOptions = {}) => {
    const provider = new S3Provider({ endpoint: proxy.endpoint, region, key, keyId, ...options })
    const storage = new StorageService(provider, { retry })
    try {
      await use(storage)
    } finally {
      await storage.close()
    }
  }

  test.each(['reset', 'truncate'] as const)('a download whose connection breaks resumes at the same byte: %s', (kind) =>
    through(async (storage) => {
      proxy.failNext({ kind, afterBytes: MiB }, { kind, afterBytes: MiB })
      const before = proxy.connections
      expect((await (await storage.openFile(container, 'file')).bytes()).equals(content)).toBe(true)
      expect(proxy.connections - before).toBe(3)
    }),
  )

  test('a download that receives no data resumes over another connection', () =>
    through(
      async (storage) => {
        proxy.failNext({ kind: 'stall', afterBytes: MiB })
        expect((await (await storage.openFile(container, 'file')).bytes()).equals(content)).toBe(true)
      },
      { idleTimeout: 300 },
    ))

  test('a request without a response is CONNECTION_LOST and is retried', () =>
    through(
      async (storage) => {
        proxy.failNext({ kind: 'stall', afterBytes: 0 })
        expect((await storage.getFile(container, 'file')).size).toBe(content.length)
      },
      { idleTimeout: 300 },
    ))

  test('503 with Retry-After is UNAVAILABLE with retryAfter, and is attempted as often as the policy allows', () =>
    through(async (storage) => {
      const busy = httpResponse(503, { 'Retry-After': '3' })
      proxy.failNext(busy, busy, busy)
      const before = proxy.connections
      const error = await storage.getFile(container, 'file').catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'UNAVAILABLE', details: { retryAfter: 3 } })
      expect(proxy.connections - before).toBe(3)
    }))

  test('SlowDown is RATE_LIMITED and is retried', () =>
    through(async (storage) => {
      proxy.failNext(httpResponse(503, {}, '<Error><Code>SlowDown</Code></Error>'))
      await storage.putFile(container, 'slow', 'x')
      expect(await direct.hasFile(container, 'slow')).toBe(true)
    }))

  test('500 is retried only for idempotent requests', () =>
    through(async (storage) => {
      const failed = httpResponse(500, {}, '<Error><Code>InternalError</Code></Error>')
      proxy.failRequest(/^PUT \S*\/twice/, failed)
      await storage.putFile(container, 'twice', 'x')
      proxy.failRequest(/^PUT \S*\/once/, failed)
      const once = storage.putFile(container, 'once', 'x', { ifNoneMatch: '*' })
      await expect(once).rejects.toEqual(coded('SERVICE_FAILED'))
      expect(await direct.hasFile(container, 'once')).toBe(false)
    }))

  test('a download whose file is replaced while the connection is broken fails or returns the old version, never a mix', () =>
    through(
      async (storage) => {
        await direct.putFile(container, 'replaced', content)
        proxy.failNext({ kind: 'stall', afterBytes: MiB })
        const chunks = (await storage.openFile(container, 'replaced')).stream[Symbol.asyncIterator]()
        const { value: first } = await chunks.next()
        await direct.putFile(container, 'replaced', randomBytes(3 * MiB))
        const outcome = await Array.fromAsync({ [Symbol.asyncIterator]: () => chunks }).then(
          (rest) => Buffer.concat([first, ...rest]).equals(content),
          (error: StorageError) => error.code,
        )
        expect([true, 'PRECONDITION_FAILED']).toContain(outcome)
      },
      { idleTimeout: 1000 },
    ))

  describe('An upload', () => {
    const large = randomBytes(11 * MiB)
    const inParts = { partSize: 5 * MiB }
    const expectComplete = async (file: string, expected: Buffer) => {
      expect((await (await direct.openFile(container, file)).bytes()).equals(expected)).toBe(true)
      expect(await Array.fromAsync(direct.uploads(container))).toEqual([])
    }
    const lost = { kind: 'reset', afterBytes: 0 } as const
    const silent = { kind: 'stall', afterBytes: 0 } as const

    test.each([
      ['is lost', /^PUT /, lost],
      ['never arrives', /^PUT /, silent],
    ] as const)('in one request is retried if the response %s', (_, request, fault) =>
      through(
        async (storage) => {
          proxy.failRequest(request, fault)
          await storage.putFile(container, 'put', content)
          await expectComplete('put', content)
        },
        fault === silent ? { idleTimeout: 2000 } : {},
      ),
    )

    test.each([
      ['a part is lost', /partNumber=2/, lost],
      ['a part never arrives', /partNumber=2/, silent],
      ['the completion is lost', /^POST \S*uploadId=/, lost],
      ['the completion never arrives', /^POST \S*uploadId=/, silent],
      ['a part is 503', /partNumber=1/, httpResponse(503, { 'Retry-After': '0' })],
      ['a part is 500', /partNumber=3/, httpResponse(500)],
    ] as const)('in parts continues if the response to %s', (_, request, fault) =>
      through(
        async (storage) => {
          proxy.failRequest(request, fault)
          const written = await storage.putFile(container, 'parts', large, inParts)
          expect(written).toEqual(await direct.getFile(container, 'parts'))
          await expectComplete('parts', large)
        },
        fault === silent ? { idleTimeout: 2000 } : {},
      ),
    )

    test('in parts fails after the maximum number of attempts of one part, and leaves nothing', () =>
      through(async (storage) => {
        for (let attempt = 0; attempt < retry.attempts; attempt++) proxy.failRequest(/partNumber=2/, httpResponse(500))
        await expect(storage.putFile(container, 'failed', large, inParts)).rejects.toEqual(coded('SERVICE_FAILED'))
        expect(await direct.hasFile(container, 'failed')).toBe(false)
        expect(await Array.fromAsync(direct.uploads(container))).toEqual([])
      }))

    test('in parts continues after more consecutive failures than the attempts of a call, at every step', async () => {
      const longRetry = { ...retry, maxOutage: 60_000 }
      for (const [request, fault] of [
        [/^POST \S*uploads/, httpResponse(503)],
        [/partNumber=2/, lost],
        [/^POST \S*uploadId=/, lost],
      ] as const) {
        for (let failures = 0; failures < 4 * retry.attempts; failures++) proxy.failRequest(request, fault)
        const storage = new StorageService(new S3Provider({ endpoint: proxy.endpoint, region, key, keyId }), {
          retry: longRetry,
        })
        await storage.putFile(container, 'outlasted', large, { partSize: 5 * MiB })
        await storage.close()
        expect((await (await direct.openFile(container, 'outlasted')).bytes()).equals(large)).toBe(true)
      }
    })

    test('with a condition fails if the response is lost, since its outcome is unknown', () =>
      through(async (storage) => {
        proxy.failRequest(/^PUT /, lost)
        const writing = storage.putFile(container, 'created', 'x', { ifNoneMatch: '*' })
        await expect(writing).rejects.toEqual(coded('CONNECTION_LOST'))
        expect(await (await direct.openFile(container, 'created')).text()).toBe('x')
      }))

    test('continues with new credentials if they expire during the upload', () => {
      let requested = 0
      const credentials = async () => {
        requested++
        return { accessKeyId: keyId, secretAccessKey: key }
      }
      return through(
        async (storage) => {
          proxy.failRequest(/partNumber=2/, httpResponse(400, {}, '<Error><Code>ExpiredToken</Code></Error>'))
          await storage.putFile(container, 'parts', large, inParts)
          await expectComplete('parts', large)
          expect(requested).toBe(2)
        },
        { credentials, keyId: undefined, key: undefined },
      )
    })
  })

  test('a truncated list is requested again, with a declared length and with chunks', () =>
    through(async (storage) => {
      const truncated = '<?xml version="1.0" encoding="utf-8"?><ListBucketResult><'
      proxy.failNext(
        { kind: 'truncate', afterBytes: 400 },
        {
          kind: 'response',
          text: `HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 5000\r\n\r\n${truncated}`,
        },
      )
      expect((await storage.getFiles(container)).map(({ name }) => name)).toContain('file')
      const chunk = `${truncated.length.toString(16)}\r\n${truncated}\r\n`
      proxy.failRequest(/^GET \S*list-type=2/, {
        kind: 'response',
        text: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
      })
      expect((await storage.getFiles(container)).map(({ name }) => name)).toContain('file')
    }))

  test('calls that are not retried succeed once after the process was frozen for longer than connections stay open', async () => {
    const idle = await startIdleClosingProxy(endpoint as string)
    const frozen = new StorageService(new S3Provider({ endpoint: idle.endpoint, region, key, keyId }))
    const location = (file: string) => ({ container, file })
    const [created, destroyed] = [`faults-${randomUUID()}`, `faults-${randomUUID()}`]
    await direct.createContainer({ name: destroyed })
    await direct.putFile(container, 'removed', 'x')
    await Promise.all(Array.from({ length: 10 }, () => frozen.getFile(container, 'file')))
    idle.blockUntilClosed()
    await Promise.all([
      frozen.createContainer({ name: created }),
      frozen.destroyContainer(destroyed),
      frozen.removeFile(container, 'removed'),
      frozen.putFile(container, 'created frozen', 'x', { ifNoneMatch: '*' }),
      frozen.copyFile(location('file'), location('copied'), { ifNoneMatch: '*' }),
    ])
    await direct.destroyContainer(created)
    await frozen.close()
    await idle.stop()
  })

  test.each([
    ['not XML', httpResponse(200, { 'Content-Type': 'application/xml' }, '<<garbage')],
    ['not HTTP', { kind: 'response', text: 'garbage\r\n\r\n' } as const],
  ])('a response that is %s is BAD_RESPONSE', (_, garbage) =>
    through(async (storage) => {
      proxy.failNext(garbage)
      await expect(storage.getFiles(container)).rejects.toEqual(coded('BAD_RESPONSE'))
    }),
  )
})

describe('Credentials', () => {
  const serve = async (listener: RequestListener, use: (endpoint: string) => Promise<void>) => {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
  const usedKey = (authorization = '') => /Credential=(\w+)\//.exec(authorization)?.[1]

  test('that have expired are renewed once, and the request is retried', async () => {
    const seen: (string | undefined)[] = []
    const listener: RequestListener = (request, response) => {
      seen.push(usedKey(request.headers.authorization))
      if (seen.length > 1) response.end('<ListAllMyBucketsResult/>')
      else response.writeHead(400).end('<Error><Code>ExpiredToken</Code></Error>')
    }
    await serve(listener, async (endpoint) => {
      let requested = 0
      const credentials = async () => ({ accessKeyId: `KEY${++requested}`, secretAccessKey: 'x', sessionToken: 'y' })
      const storage = new StorageService(new S3Provider({ endpoint, credentials }), { retry })
      expect(await storage.getContainers()).toEqual([])
      expect(seen).toEqual(['KEY1', 'KEY2'])
      await storage.close()
    })
  })

  test('that are fixed and have expired are UNAUTHENTICATED, without a retry', async () => {
    let requests = 0
    const listener: RequestListener = (_, response) => {
      requests++
      response.writeHead(400).end('<Error><Code>ExpiredToken</Code></Error>')
    }
    await serve(listener, async (endpoint) => {
      const storage = new StorageService(new S3Provider({ endpoint, keyId: 'a', key: 'b', sessionToken: 'c' }), {
        retry,
      })
      await expect(storage.getContainers()).rejects.toEqual(coded('UNAUTHENTICATED'))
      expect(requests).toBe(1)
      await storage.close()
    })
  })
})
