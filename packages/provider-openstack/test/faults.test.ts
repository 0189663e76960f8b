import { randomBytes, randomUUID } from 'node:crypto'
import { isStorageError, type RetryOptions, StorageService } from '@stowage/core'
import { type Session, type SignIn, SwiftProvider } from '@stowage/swift'
import {
  describeServer,
  type Fault,
  httpResponse,
  startIdleClosingProxy,
  startTcpProxy,
  type TcpProxy,
} from '@stowage/test-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OpenStackProvider } from '../src/index.js'
import { signInWith } from '../src/sign-in.js'

const MiB = 1024 ** 2

/** The retries of these tests wait no longer than they must. */
const retry = { attempts: 3, minDelay: 1, maxDelay: 5, maxOutage: 0 }
/** Milliseconds: longer than a busy Swift is silent. */
const idleTimeout = 4000

describeServer('swift', ({ authUrl, username, password, projectName, region, local }) => {
  const settings = { authUrl, username, password, projectName, region }
  const container = `faults-${Date.now().toString(36)}`
  const content = randomBytes(3 * MiB)
  const direct = new StorageService(new OpenStackProvider(settings))

  if (local === undefined) {
    test.skip('what breaks between here and there: the proxy that breaks it speaks no TLS', () => undefined)
    return
  }

  beforeAll(async () => {
    await direct.createContainer({ name: container })
    await direct.putFile(container, 'file', content)
  })
  afterAll(async () => {
    await direct.destroyContainer(container)
    await direct.close()
  })

  /** Swift at another address than the catalogue's. */
  const providerAt = (url: string, signIn: SignIn = signInWith(settings)) => {
    const authenticate = async (signal: AbortSignal) => {
      const session = await signIn.authenticate(signal)
      return { ...session, endpoint: session.endpoint.replace(local.url, url) }
    }
    return new SwiftProvider({ name: 'openstack', signIn: { authenticate }, idleTimeout })
  }

  /** Over a proxy before Swift, which the first request of a new client meets. */
  const through = async (
    use: (storage: StorageService, proxy: TcpProxy) => Promise<void>,
    signIn: SignIn = signInWith(settings),
    patience: RetryOptions = retry,
  ) => {
    const proxy = await startTcpProxy(local.url)
    await using storage = new StorageService(providerAt(proxy.endpoint, signIn), { retry: patience })
    await use(storage, proxy).finally(() => proxy.stop())
  }

  /** Over a proxy before Keystone, whose catalogue leads to Swift directly. */
  const throughKeystone = async (use: (storage: StorageService, proxy: TcpProxy) => Promise<void>) => {
    const proxy = await startTcpProxy(authUrl)
    await using storage = new StorageService(new OpenStackProvider({ ...settings, authUrl: proxy.endpoint }), { retry })
    await use(storage, proxy).finally(() => proxy.stop())
  }

  const readBack = async (file: string) => (await direct.openFile(container, file)).bytes()
  const partsOf = async (): Promise<string[]> => {
    const { native } = direct.provider as OpenStackProvider
    const request = { container: `stowage-segments.${container}`, signal: AbortSignal.timeout(60_000), allow: [404] }
    return (await native.list<{ name: string }>(request)).entries.map(({ name }) => name)
  }

  test.each(['reset', 'truncate', 'stall'] as const)('a download goes on where it broke: %s', (kind) =>
    through(async (storage, proxy) => {
      proxy.failNext({ kind, afterBytes: MiB })
      expect((await (await storage.openFile(container, 'file')).bytes()).equals(content)).toBe(true)
      expect(proxy.connections).toBe(2)
    }),
  )

  test.each<[string, Fault]>([
    ['never comes', { kind: 'stall', afterBytes: 0 }],
    ['breaks off', { kind: 'truncate', afterBytes: 20 }],
    ['is a reset', { kind: 'reset', afterBytes: 0 }],
  ])('a write whose answer %s is made again, and is whole', (_, fault) =>
    through(async (storage, proxy) => {
      proxy.failNext(fault)
      const body = randomBytes(500_000)
      await storage.putFile(container, 'written', body)
      expect((await readBack('written')).equals(body)).toBe(true)
      expect(proxy.connections).toBeGreaterThan(1)
    }),
  )

  test('a write that may have been made is not made again when twice is not once', () =>
    through(async (storage, proxy) => {
      for (const fault of [httpResponse(500), { kind: 'reset', afterBytes: 0 }] satisfies Fault[]) {
        const before = proxy.connections
        proxy.failNext(fault)
        const writing = storage.putFile(container, `once ${fault.kind}`, 'x', { ifNoneMatch: '*' })
        await expect(writing).rejects.toMatchObject({ code: expect.stringMatching(/SERVICE_FAILED|CONNECTION_LOST/) })
        expect(proxy.connections - before).toBe(1)
      }
    }))

  test('503 says how long to wait, and is tried as often as it was said and no more', () =>
    through(async (storage, proxy) => {
      const busy = httpResponse(503, { 'Retry-After': '3' })
      proxy.failNext(busy, busy, busy)
      await expect(storage.getFile(container, 'file')).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        details: { retryAfter: 3 },
      })
      expect(proxy.connections).toBe(3)
    }))

  test.each([500, 502, 503, 504])('%i once is made good', (status) =>
    through(async (storage, proxy) => {
      proxy.failNext(httpResponse(status, {}, '<html>the proxy says sorry</html>'))
      expect((await (await storage.openFile(container, 'file')).bytes()).equals(content)).toBe(true)
    }),
  )

  test.each([400, 403, 409, 418])('%i is not tried again', (status) =>
    through(async (storage, proxy) => {
      proxy.failNext(httpResponse(status))
      await expect(storage.getFile(container, 'file')).rejects.toMatchObject({ name: 'StorageError' })
      expect(proxy.connections).toBe(1)
    }),
  )

  test('what is no HTTP is BAD_RESPONSE', () =>
    through(async (storage, proxy) => {
      proxy.failNext({ kind: 'response', text: 'garbage\r\n\r\n' })
      await expect(storage.getFiles(container)).rejects.toMatchObject({ code: 'BAD_RESPONSE' })
    }))

  test('a list that is cut off is asked for again, however its length was told', () =>
    through(async (storage, proxy) => {
      const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
      const cut = '[{"name":"fi'
      const endings = [
        `Content-Length: 5000\r\n\r\n${cut}`,
        `Transfer-Encoding: chunked\r\n\r\n${cut.length.toString(16)}\r\n${cut}\r\n`,
      ]
      for (const ending of endings) {
        proxy.failRequest(/^GET \S*format=json/, { kind: 'response', text: head + ending })
        expect((await storage.getFiles(container)).map(({ name }) => name)).toContain('file')
      }
    }))

  test('calls that are not repeated succeed, once, after the process was frozen for longer than connections are kept', async () => {
    const idle = await startIdleClosingProxy(local.url)
    const frozen = new StorageService(providerAt(idle.endpoint))
    const place = (file: string) => ({ container, file })
    const [made, left] = [`faults-${randomUUID()}`, `faults-${randomUUID()}`]
    await direct.createContainer({ name: left })
    await direct.putFile(container, 'removed', 'x')
    await Promise.all(Array.from({ length: 10 }, () => frozen.getFile(container, 'file')))
    idle.blockUntilClosed()
    await Promise.all([
      frozen.createContainer({ name: made }),
      frozen.destroyContainer(left),
      frozen.removeFile(container, 'removed'),
      frozen.putFile(container, 'created frozen', 'x', { ifNoneMatch: '*' }),
      frozen.copyFile(place('file'), place('copied'), { ifNoneMatch: '*' }),
    ])
    await direct.destroyContainer(made)
    await frozen.close()
    await idle.stop()
  })

  test('an upload goes on after more failures in a row than a call has attempts, wherever they begin', () =>
    through(
      async (storage, proxy) => {
        const large = randomBytes(3 * MiB)
        for (const request of [/^PUT \S*stowage-segments/, /^PUT \S*multipart-manifest=put/]) {
          const lost = { kind: 'reset', afterBytes: 0 } as const
          for (let failures = 0; failures < 4 * retry.attempts; failures++) proxy.failRequest(request, lost)
          await storage.putFile(container, 'outlasted', large, { partSize: MiB })
          expect((await readBack('outlasted')).equals(large)).toBe(true)
        }
        await direct.removeFile(container, 'outlasted')
      },
      undefined,
      { ...retry, maxOutage: 60_000 },
    ))

  test('parts whose connections break are sent again, and none is left over', () =>
    through(async (storage, proxy) => {
      const large = randomBytes(6 * MiB + 1)
      proxy.failNext({ kind: 'none' }, { kind: 'reset', afterBytes: 0 }, httpResponse(503))
      await storage.putFile(container, 'parts', large, { partSize: MiB })
      expect((await readBack('parts')).equals(large)).toBe(true)
      expect(await Array.fromAsync(direct.uploads(container))).toEqual([])
      expect(await partsOf()).toHaveLength(7)
      await direct.removeFile(container, 'parts')
      expect(await partsOf()).toEqual([])
    }))

  test('a token that has expired is renewed once for all who hold it, and what they asked is asked again', async () => {
    let signedIn = 0
    const own = signInWith(settings)
    const expiring: SignIn = {
      async authenticate(signal): Promise<Session> {
        const session = await own.authenticate(signal)
        return signedIn++ === 0 ? { ...session, token: 'gAAAAA-expired' } : session
      },
    }
    await through(async (storage) => {
      const bodies = Array.from({ length: 8 }, () => randomBytes(400_000))
      const writing = bodies.map((body, index) => storage.putFile(container, `renewed ${index}`, body))
      const reading = Array.from({ length: 8 }, async () => (await storage.openFile(container, 'file')).bytes())
      await Promise.all(writing)
      for (const read of await Promise.all(reading)) expect(read.equals(content)).toBe(true)
      for (const [index, body] of bodies.entries()) expect((await readBack(`renewed ${index}`)).equals(body)).toBe(true)
    }, expiring)
    expect(signedIn).toBe(2)
  })

  test('a token that goes on being refused is UNAUTHENTICATED after one more sign-in', () =>
    through(async (storage, proxy) => {
      proxy.failNext(httpResponse(401), httpResponse(401))
      await expect(storage.getFile(container, 'file')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
      expect(proxy.connections).toBe(2)
    }))

  test('twenty first calls sign in once', () =>
    throughKeystone(async (storage, proxy) => {
      await Promise.all(Array.from({ length: 20 }, () => storage.getFile(container, 'file')))
      expect(proxy.connections).toBe(1)
    }))

  test.each<[string, Fault]>([
    ['resets', { kind: 'reset', afterBytes: 0 }],
    ['breaks off', { kind: 'truncate', afterBytes: 300 }],
    ['cannot serve', httpResponse(503)],
  ])('a sign-in is tried again when Keystone %s', (_, fault) =>
    throughKeystone(async (storage, proxy) => {
      proxy.failNext(fault)
      expect((await storage.getFile(container, 'file')).size).toBe(content.length)
    }),
  )

  test('a Keystone that goes on failing is asked as often as it was said', () =>
    throughKeystone(async (storage, proxy) => {
      const busy = httpResponse(503, { 'Retry-After': '3' })
      proxy.failNext(busy, busy, busy)
      await expect(storage.getFile(container, 'file')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(proxy.connections).toBe(3)
    }))

  test('in a storm of faults every file is the old or the new one, and every error is one of ours', () =>
    through(async (storage, proxy) => {
      const files = Array.from({ length: 6 }, (_, index) => `storm ${index}`)
      const versions = new Map<string, Buffer[]>()
      for (const file of files) {
        const first = randomBytes(200_000)
        versions.set(file, [first])
        await direct.putFile(container, file, first)
      }
      const kinds = [
        ...(['reset', 'truncate'] as const).map(
          (kind) =>
            (afterBytes: number): Fault => ({ kind, afterBytes }),
        ),
        () => httpResponse(500),
        () => httpResponse(503),
        () => httpResponse(401),
        (): Fault => ({ kind: 'none' }),
      ]
      const any = <T>(list: readonly T[]) => list[Math.floor(Math.random() * list.length)] as T
      for (let round = 0; round < 4; round++) {
        proxy.failNext(...files.map(() => any(kinds)(Math.floor(Math.random() * 300_000))))
        await Promise.all(
          files.map(async (file) => {
            const body = randomBytes(any([100, 200_000, 1_500_000]))
            const known = versions.get(file) as Buffer[]
            known.push(body)
            try {
              await storage.putFile(container, file, body, { partSize: MiB })
              known.splice(0, known.length - 1)
              const read = await (await storage.openFile(container, file)).bytes()
              expect(read.equals(body)).toBe(true)
            } catch (error) {
              if (!isStorageError(error)) throw error
            }
          }),
        )
      }
      for (const file of files) {
        const read = await readBack(file)
        expect(versions.get(file)?.some((version) => version.equals(read))).toBe(true)
      }
    }))
})
