import { randomBytes, randomUUID } from 'node:crypto'
import { isStorageError, StorageService } from '@stowage/core'
import {
  describeServer,
  httpResponse,
  startIdleClosingProxy,
  startTcpProxy,
  type TcpProxy,
} from '@stowage/test-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AzureProvider } from '../src/index.js'

const MiB = 1024 ** 2
/** Retries with minimal delays. */
const retry = { attempts: 3, minDelay: 1, maxDelay: 5, maxOutage: 0 }
const code = (operation: Promise<unknown>) =>
  operation.then(
    () => 'success',
    (error: unknown) => (isStorageError(error) ? error.code : error),
  )

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) => {
  const container = `faults-${randomUUID()}`
  const content = randomBytes(3 * MiB)
  const direct = new StorageService(new AzureProvider({ storageAccount, storageAccessKey, endpoint }))
  let proxy: TcpProxy
  beforeAll(async () => {
    proxy = await startTcpProxy(endpoint)
    await direct.createContainer({ name: container })
    await direct.putFile(container, 'file', content)
  })
  afterAll(async () => {
    await direct.destroyContainer(container)
    await direct.close()
    await proxy.stop()
  })

  /** Calls `use` with a new storage, whose first request meets the first fault. */
  const through = async (use: (storage: StorageService) => Promise<void>, idleTimeout?: number) => {
    const path = new URL(endpoint).pathname
    const options = { storageAccount, storageAccessKey, endpoint: proxy.endpoint + path, idleTimeout }
    await using storage = new StorageService(new AzureProvider(options), { retry })
    await use(storage)
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
    through(async (storage) => {
      proxy.failNext({ kind: 'stall', afterBytes: MiB })
      expect((await (await storage.openFile(container, 'file')).bytes()).equals(content)).toBe(true)
    }, 300))

  test('a download whose reader pauses is not an idle connection', () =>
    through(async (storage) => {
      const { stream } = await storage.openFile(container, 'file')
      const stall = { kind: 'stall', afterBytes: 0 } as const
      proxy.failNext(stall, stall, stall)
      const before = proxy.connections
      // Takes three times the idle timeout.
      expect(await code(storage.getFile(container, 'file'))).toBe('CONNECTION_LOST')
      expect(Buffer.concat(await stream.toArray()).equals(content)).toBe(true)
      expect(proxy.connections - before).toBe(3)
    }, 200))

  test('a request without a response is CONNECTION_LOST and is retried', () =>
    through(async (storage) => {
      proxy.failNext({ kind: 'stall', afterBytes: 0 })
      expect((await storage.getFile(container, 'file')).size).toBe(content.length)
    }, 300))

  test('503 is UNAVAILABLE, and is attempted as often as the policy allows', () =>
    through(async (storage) => {
      const busy = httpResponse(503, { 'Retry-After': '0', 'x-ms-error-code': 'ServerBusy' })
      proxy.failNext(busy, busy, busy)
      const before = proxy.connections
      expect(await code(storage.getFile(container, 'file'))).toBe('UNAVAILABLE')
      expect(proxy.connections - before).toBe(3)
    }))

  test('a create-only write whose response is lost is not retried', () =>
    through(async (storage) => {
      proxy.failNext({ kind: 'reset', afterBytes: 0 })
      expect(await code(storage.putFile(container, 'once', 'x', { ifNoneMatch: '*' }))).toBe('CONNECTION_LOST')
    }))

  test.each([0, 1, 2, 3, 4, 5])(
    'a large file is stored completely even if connection %i after the first is reset',
    (good) =>
      through(async (storage) => {
        const large = randomBytes(5 * MiB)
        const faults = Array.from({ length: good + 1 }, () => ({ kind: 'none' }) as const)
        proxy.failNext(...faults, { kind: 'reset', afterBytes: 0 })
        const stored = await code(storage.putFile(container, 'parts', large, { partSize: MiB, parallelism: 3 }))
        expect(stored).toBe('success')
        expect((await (await direct.openFile(container, 'parts')).bytes()).equals(large)).toBe(true)
        await direct.removeFile(container, 'parts')
        expect(await Array.fromAsync(direct.uploads(container))).toEqual([])
      }),
  )

  test('a truncated list is requested again, with a declared length and with chunks', () =>
    through(async (storage) => {
      const truncated = '<?xml version="1.0" encoding="utf-8"?><EnumerationResults><'
      proxy.failNext(
        { kind: 'truncate', afterBytes: 400 },
        {
          kind: 'response',
          text: `HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 5000\r\n\r\n${truncated}`,
        },
      )
      expect((await storage.getFiles(container)).map(({ name }) => name)).toContain('file')
      const chunk = `${truncated.length.toString(16)}\r\n${truncated}\r\n`
      proxy.failRequest(/^GET \S*comp=list/, {
        kind: 'response',
        text: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
      })
      expect((await storage.getFiles(container)).map(({ name }) => name)).toContain('file')
    }))

  test('calls that are not retried succeed once after the process was frozen for longer than connections stay open', async () => {
    const idle = await startIdleClosingProxy(endpoint)
    const path = new URL(endpoint).pathname
    const options = { storageAccount, storageAccessKey, endpoint: idle.endpoint + path }
    const frozen = new StorageService(new AzureProvider(options))
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

  test('an upload continues after more consecutive failures than the attempts of a call, at every step', async () => {
    const large = randomBytes(11 * MiB)
    const longRetry = { ...retry, maxOutage: 60_000 }
    const lost = { kind: 'reset', afterBytes: 0 } as const
    for (const request of [/^PUT \S*comp=block&/, /^PUT \S*comp=blocklist/]) {
      for (let failures = 0; failures < 4 * retry.attempts; failures++) proxy.failRequest(request, lost)
      const path = new URL(endpoint).pathname
      const options = { storageAccount, storageAccessKey, endpoint: proxy.endpoint + path }
      const storage = new StorageService(new AzureProvider(options), { retry: longRetry })
      await storage.putFile(container, 'outlasted', large, { partSize: 5 * MiB })
      await storage.close()
      expect((await (await direct.openFile(container, 'outlasted')).bytes()).equals(large)).toBe(true)
    }
  })

  test.each([
    ['not XML', httpResponse(200, { 'Content-Type': 'application/xml' }, '<<garbage')],
    ['not HTTP', { kind: 'response', text: 'garbage\r\n\r\n' } as const],
  ])('a response that is %s is BAD_RESPONSE', (_, garbage) =>
    through(async (storage) => {
      proxy.failNext(garbage)
      expect(await code(storage.getContainers())).toBe('BAD_RESPONSE')
    }),
  )
})
