/**
 * The storage cannot be reached for a while in the middle of an upload, and clients continue.
 *
 * - `STOWAGE_OUTAGE_SECONDS`: how long. Default: 6.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { startTcpProxy, type TcpProxy } from '@stowage/test-servers'
import { Upload } from 'tus-js-client'
import { expect, it, onTestFinished } from 'vitest'
import { Random } from './random.ts'
import { ServerProcess } from './server-process.ts'
import { describePlaces } from './storages.ts'
import { look } from './tus-requests.ts'

const seconds = Number(process.env['STOWAGE_OUTAGE_SECONDS'] ?? 6)

describePlaces(({ name, open }) => {
  // A directory has no connection that could break, and Keystone's catalog leads around the proxy.
  it.skipIf(name === 'filesystem' || name === 'swift')(
    `a client continues at its offset after ${seconds} s without the storage`,
    { timeout: 120_000 + seconds * 3000 },
    async () => {
      let proxy: TcpProxy | undefined
      const { storage, container, settings } = await open(async (endpoint) => {
        proxy = await startTcpProxy(endpoint)
        onTestFinished(() => proxy?.stop())
        return endpoint.replace(new URL(endpoint).origin, proxy.endpoint)
      })
      const server = await ServerProcess.start({ ...settings, retry: { maxOutage: 1000 } })
      const content = new Random(1).bytes(settings.partSize * 4 + 1)
      const sent: number[] = []
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const upload = new Upload(content as never, {
        endpoint: `${server.url}/${container}/uploads`,
        metadata: { filename: 'film' },
        chunkSize: settings.partSize,
        retryDelays: Array.from({ length: 100 }, () => 500),
        onSuccess: () => resolve(),
        onError: reject,
        onBeforeRequest: (request) => {
          if (request.getMethod() === 'PATCH') sent.push(Number(request.getHeader('Upload-Offset')))
        },
        onChunkComplete: (_size, accepted) => {
          if (accepted === settings.partSize * 2) void breakStorage()
        },
      })
      const statuses: unknown[] = []
      const breakStorage = async () => {
        proxy?.refuse(true)
        const ends = Date.now() + seconds * 1000
        while (Date.now() < ends) {
          statuses.push((await look(upload.url ?? '')).status)
          await delay(500)
        }
        proxy?.refuse(false)
      }
      upload.start()
      await promise
      // Other statuses make the client forget the upload.
      expect(new Set(statuses)).toEqual(new Set([423]))
      expect(sent.slice(2).every((offset) => offset >= settings.partSize * 2)).toBe(true)
      expect(sent.filter((offset) => offset === 0)).toHaveLength(1)
      expect((await (await storage.openFile(container, 'film')).bytes()).equals(content)).toBe(true)
      await storage.removeFile(container, 'film')
      await storage.purgeUploads(container)
    },
  )
})
