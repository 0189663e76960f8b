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
/** Waits no longer than they must. */
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

  /** A new one for each test, so that its first request meets the first fault. */
  const through = async (use: (storage: StorageService) => Promise<void>, idleTimeout?: number) => {
    const path = new URL(endpoint).pathname
    const options = { storageAccount, storageAccessKey, endpoint: proxy.endpoint + path, idleTimeout }
    await using storage = new StorageService(new AzureProvider(options), { retry })
    await use(storage)
  }

  test.each(['reset', 'truncate'] as const)('a download whose connection breaks goes on where it was: %s', (kind) =>
    through(async (storage) => {
      proxy.failNext({ kind, afterBytes: MiB }, { kind, afterBytes: MiB })
      const before = proxy.connections
      expect((await (await storage.openFile(container, 'file')).bytes()).equals(content)).toBe(true)
      expect(proxy.connections - before).toBe(3)
    }),
  )

  test('a download that falls silent goes on over another connection', () =>
    through(async (storage) => {
      proxy.failNext({ kind: 'stall', afterBytes: MiB })
      expect((await (await storage.openFile(container, 'file')).bytes()).equals(content)).toBe(true)
    }, 300))

  test('a download whose reader stands still is no silent connection', () =>
    through(async (storage) => {
      const { stream } = await storage.openFile(container, 'file')
      const stall = { kind: 'stall', afterBytes: 0 } as const
      proxy.failNext(stall, stall, stall)
      const before = proxy.connections
      // Takes three times as long as a connection may be silent.
      expect(await code(storage.getFile(container, 'file'))).toBe('CONNECTION_LOST')
      expect(Buffer.concat(await stream.toArray()).equals(content)).toBe(true)
      expect(proxy.connections - before).toBe(3)
    }, 200))

  test('an answer that never comes is a lost connection, and asked for again', () =>
    through(async (storage) => {
      proxy.failNext({ kind: 'stall', afterBytes: 0 })
      expect((await storage.getFile(container, 'file')).size).toBe(content.length)
    }, 300))

  test('503 is UNAVAILABLE, and tried as often as it was said and no more', () =>
    through(async (storage) => {
      const busy = httpResponse(503, { 'Retry-After': '0', 'x-ms-error-code': 'ServerBusy' })
      proxy.failNext(busy, busy, busy)
      const before = proxy.connections
      expect(await code(storage.getFile(container, 'file'))).toBe('UNAVAILABLE')
      expect(proxy.connections - before).toBe(3)
    }))

  test('a lost answer to a create-only write is not repeated', () =>
    through(async (storage) => {
      proxy.failNext({ kind: 'reset', afterBytes: 0 })
      expect(await code(storage.putFile(container, 'once', 'x', { ifNoneMatch: '*' }))).toBe('CONNECTION_LOST')
    }))

  test.each([0, 1, 2, 3, 4, 5])('a large file arrives whole although connection %i after the first is reset', (good) =>
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

  test('a list that is cut off is asked for again, however its length was told', () =>
    through(async (storage) => {
      const cut = '<?xml version="1.0" encoding="utf-8"?><EnumerationResults><'
      proxy.failNext(
        { kind: 'truncate', afterBytes: 400 },
        {
          kind: 'response',
          text: `HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 5000\r\n\r\n${cut}`,
        },
      )
      expect((await storage.getFiles(container)).map(({ name }) => name)).toContain('file')
      const chunk = `${cut.length.toString(16)}\r\n${cut}\r\n`
      proxy.failRequest(/^GET \S*comp=list/, {
        kind: 'response',
        text: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
      })
      expect((await storage.getFiles(container)).map(({ name }) => name)).toContain('file')
    }))

  test('calls that are not repeated succeed, once, after the process was frozen for longer than connections are kept', async () => {
    const idle = await startIdleClosingProxy(endpoint)
    const path = new URL(endpoint).pathname
    const options = { storageAccount, storageAccessKey, endpoint: idle.endpoint + path }
    const frozen = new StorageService(new AzureProvider(options))
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

  test('an upload goes on after more failures in a row than a call has attempts, wherever they begin', async () => {
    const large = randomBytes(11 * MiB)
    const patient = { ...retry, maxOutage: 60_000 }
    const lost = { kind: 'reset', afterBytes: 0 } as const
    for (const request of [/^PUT \S*comp=block&/, /^PUT \S*comp=blocklist/]) {
      for (let failures = 0; failures < 4 * retry.attempts; failures++) proxy.failRequest(request, lost)
      const path = new URL(endpoint).pathname
      const options = { storageAccount, storageAccessKey, endpoint: proxy.endpoint + path }
      const storage = new StorageService(new AzureProvider(options), { retry: patient })
      await storage.putFile(container, 'outlasted', large, { partSize: 5 * MiB })
      await storage.close()
      expect((await (await direct.openFile(container, 'outlasted')).bytes()).equals(large)).toBe(true)
    }
  })

  test.each([
    ['no XML', httpResponse(200, { 'Content-Type': 'application/xml' }, '<<garbage')],
    ['no HTTP', { kind: 'response', text: 'garbage\r\n\r\n' } as const],
  ])('an answer that is %s is BAD_RESPONSE', (_, garbage) =>
    through(async (storage) => {
      proxy.failNext(garbage)
      expect(await code(storage.getContainers())).toBe('BAD_RESPONSE')
    }),
  )
})
