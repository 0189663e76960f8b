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

/** Retries with minimal delays. */
const retry = { attempts: 3, minDelay: 1, maxDelay: 5, maxOutage: 0 }
/** Milliseconds. A busy Swift sends data more often. */
const idleTimeout = 4000

describeServer('swift', ({ authUrl, username, password, projectName, region, local }) => {
  const settings = { authUrl, username, password, projectName, region }
  const container = `faults-${Date.now().toString(36)}`
  const content = randomBytes(3 * MiB)
  const direct = new StorageService(new OpenStackProvider(settings))

  if (local === undefined) {
    test.skip('connection faults: the proxy that causes them does not support TLS', () => undefined)
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

  /** Makes a provider that sends requests to this address instead of the catalogue's. */
  const providerAt = (url: string, signIn: SignIn = signInWith(settings)) => {
    const authenticate = async (signal: AbortSignal) => {
      const session = await signIn.authenticate(signal)
      return { ...session, endpoint: session.endpoint.replace(local.url, url) }
    }
    return new SwiftProvider({ name: 'openstack', signIn: { authenticate }, idleTimeout })
  }

  /** Calls `use` with a new storage whose requests to Swift go through a proxy. */
  const through = async (
    use: (storage: StorageService, proxy: TcpProxy) => Promise<void>,
    signIn: SignIn = signInWith(settings),
    retryOptions: RetryOptions = retry,
  ) => {
    const proxy = await startTcpProxy(local.url)
    await using storage = new StorageService(providerAt(proxy.endpoint, signIn), { retry: retryOptions })
    await use(storage, proxy).finally(() => proxy.stop())
  }

  /** Calls `use` with a new storage whose requests to Keystone go through a proxy. */
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

  test.each(['reset', 'truncate', 'stall'] as const)(
    'a download whose connection breaks resumes at the same byte: %s',
    (kind) =>
      through(async (storage, proxy) => {
        proxy.failNext({ kind, afterBytes: MiB })
        expect((await (await storage.openFile(container, 'file')).bytes()).equals(content)).toBe(true)
        expect(proxy.connections).toBe(2)
      }),
  )

  test.each<[string, Fault]>([
    ['never arrives', { kind: 'stall', afterBytes: 0 }],
    ['is truncated', { kind: 'truncate', afterBytes: 20 }],
    ['is lost', { kind: 'reset', afterBytes: 0 }],
  ])('a write is retried if the response %s', (_, fault) =>
    through(async (storage, proxy) => {
      proxy.failNext(fault)
      const body = randomBytes(500_000)
      await storage.putFile(container, 'written', body)
      expect((await readBack('written')).equals(body)).toBe(true)
      expect(proxy.connections).toBeGreaterThan(1)
    }),
  )

  test('a write with a condition is not retried if its outcome is unknown', () =>
    through(async (storage, proxy) => {
      for (const fault of [httpResponse(500), { kind: 'reset', afterBytes: 0 }] satisfies Fault[]) {
        const before = proxy.connections
        proxy.failNext(fault)
        const writing = storage.putFile(container, `once ${fault.kind}`, 'x', { ifNoneMatch: '*' })
        await expect(writing).rejects.toMatchObject({ code: expect.stringMatching(/SERVICE_FAILED|CONNECTION_LOST/) })
        expect(proxy.connections - before).toBe(1)
      }
    }))

  test('503 with Retry-After is UNAVAILABLE with retryAfter, and is attempted as often as the policy allows', () =>
    through(async (storage, proxy) => {
      const busy = httpResponse(503, { 'Retry-After': '3' })
      proxy.failNext(busy, busy, busy)
      await expect(storage.getFile(container, 'file')).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        details: { retryAfter: 3 },
      })
      expect(proxy.connections).toBe(3)
    }))

  test.each([500, 502, 503, 504])('%i is retried', (status) =>
    through(async (storage, proxy) => {
      proxy.failNext(httpResponse(status, {}, '<html>the proxy says sorry</html>'))
      expect((await (await storage.openFile(container, 'file')).bytes()).equals(content)).toBe(true)
    }),
  )

  test.each([400, 403, 409, 418])('%i is not retried', (status) =>
    through(async (storage, proxy) => {
      proxy.failNext(httpResponse(status))
      await expect(storage.getFile(container, 'file')).rejects.toMatchObject({ name: 'StorageError' })
      expect(proxy.connections).toBe(1)
    }),
  )

  test('a response that is not HTTP is BAD_RESPONSE', () =>
    through(async (storage, proxy) => {
      proxy.failNext({ kind: 'response', text: 'garbage\r\n\r\n' })
      await expect(storage.getFiles(container)).rejects.toMatchObject({ code: 'BAD_RESPONSE' })
    }))

  test('a truncated list is requested again, with a declared length and with chunks', () =>
    through(async (storage, proxy) => {
      const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
      const truncated = '[{"name":"fi'
      const endings = [
        `Content-Length: 5000\r\n\r\n${truncated}`,
        `Transfer-Encoding: chunked\r\n\r\n${truncated.length.toString(16)}\r\n${truncated}\r\n`,
      ]
      for (const ending of endings) {
        proxy.failRequest(/^GET \S*format=json/, { kind: 'response', text: head + ending })
        expect((await storage.getFiles(container)).map(({ name }) => name)).toContain('file')
      }
    }))

  test('calls that are not retried succeed once after the process was frozen for longer than connections stay open', async () => {
    const idle = await startIdleClosingProxy(local.url)
    const frozen = new StorageService(providerAt(idle.endpoint))
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

  test('an upload continues after more consecutive failures than the attempts of a call, at every step', () =>
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

  test('parts whose connections break are sent again, and no part is left over', () =>
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

  test('an expired token is renewed once for all requests, which are then retried', async () => {
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

  test('a token that is rejected repeatedly is UNAUTHENTICATED after one more sign-in', () =>
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
    ['resets the connection', { kind: 'reset', afterBytes: 0 }],
    ['truncates the response', { kind: 'truncate', afterBytes: 300 }],
    ['is unavailable', httpResponse(503)],
  ])('a sign-in is retried if Keystone %s', (_, fault) =>
    throughKeystone(async (storage, proxy) => {
      proxy.failNext(fault)
      expect((await storage.getFile(container, 'file')).size).toBe(content.length)
    }),
  )

  test('a sign-in is attempted as often as the policy allows', () =>
    throughKeystone(async (storage, proxy) => {
      const busy = httpResponse(503, { 'Retry-After': '3' })
      proxy.failNext(busy, busy, busy)
      await expect(storage.getFile(container, 'file')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(proxy.connections).toBe(3)
    }))

  test('with many random faults, every file is the old or the new version, and every error is a StorageError', () =>
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
