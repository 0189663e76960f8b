/**
 * Q. Faults. Q.1 to Q.24 test core: a wrapper of the provider injects the errors. The others test
 * the provider: the service itself fails.
 */
import assert from 'node:assert/strict'
import type { StorageServiceOptions } from '../../../index.js'
import {
  errorCodes,
  isStorageError,
  StorageError,
  type StorageErrorCode,
  type StorageProvider,
} from '../../../provider.js'
import type { ConformanceCategory } from '../../run/case.js'
import { bytes, pieces, WatchedSource } from '../../tools/content.js'
import { namesOf, rejects, sameBytes } from '../../tools/expectations.js'
import { bodyOf } from '../../tools/faulty-provider.js'
import { brokenDownloads } from './broken-downloads.js'
import { brokenServices } from './broken-services.js'
import { lostResponses } from './lost-responses.js'
import { outages } from './outages.js'

const content = bytes(200_000)
const unavailable = new StorageError('UNAVAILABLE', 'the service is unavailable')
const lost = new StorageError('CONNECTION_LOST', 'the connection broke')
const denied = new StorageError('PERMISSION_DENIED', 'not allowed')

/** Reads the first chunk of a body, as a service does that fails during a request. */
async function takeSome(body: Parameters<StorageProvider['putFile']>[2]): Promise<void> {
  for await (const _chunk of bodyOf(body)) return
}

/** Returns a complete body, for providers that accept no streams. */
async function whole(body: Parameters<StorageProvider['putFile']>[2]): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(bodyOf(body)))
}

export const faults: ConformanceCategory = {
  title: 'Faults',
  cases: [
    {
      id: 'Q.1',
      name: 'a call is retried while the service is unavailable',
      async run(context) {
        const { container } = context
        await context.put('file', content)
        const methods = [
          'getContainer',
          'getFile',
          'openFile',
          'listFiles',
          'putFile',
          'copyFile',
          'removeFiles',
        ] as const
        const faulty = context.faulty()
        for (const method of methods) faulty.fail(method, unavailable, 2)
        const storage = context.over(faulty)
        assert.equal(await storage.hasContainer(container), true)
        assert.equal((await storage.getFile(container, 'file')).size, content.length)
        sameBytes(await (await storage.openFile(container, 'file')).bytes(), content)
        assert.deepEqual(namesOf(await storage.getFiles(container)), ['file'])
        await storage.putFile(container, 'new', content)
        await storage.copyFile({ container, file: 'new' }, { container, file: 'copy' })
        await storage.removeFiles(container, ['new'])
        for (const method of methods) assert.equal(faulty.count(method), 3, method)
        await context.isWhole('copy', content)
        const { moveFile } = faulty
        faulty.fail(moveFile === undefined ? 'getFile' : 'moveFile', unavailable).fail('removeFile', unavailable)
        await storage.moveFile({ container, file: 'copy' }, { container, file: 'moved' })
        await storage.removeFile(container, 'moved')
        assert.deepEqual(await context.names(), ['file'])
      },
    },
    {
      id: 'Q.2',
      name: 'RATE_LIMITED: the retry waits as long as the service requests',
      async run(context) {
        await context.put('file', content)
        const limited = new StorageError('RATE_LIMITED', 'slow down', { details: { retryAfter: 0.25 } })
        const faulty = context.faulty().fail('getFile', limited)
        const storage = context.over(faulty, { retry: { minDelay: 1, maxDelay: 1000 } })
        const started = performance.now()
        await storage.getFile(context.container, 'file')
        // A timer may fire a millisecond early.
        assert.ok(performance.now() - started >= 248, 'the retry came too early')
        assert.equal(faulty.count('getFile'), 2)
      },
    },
    {
      id: 'Q.3',
      name: 'attempts are limited, and the call fails with the last error',
      async run(context) {
        const { container } = context
        for (const [options, attempts] of [
          [{}, 4],
          [{ attempts: 1 }, 1],
          [{ attempts: 6 }, 6],
        ] as const) {
          const faulty = context.faulty().fail('getFile', unavailable, 100).fail('putFile', unavailable, 100)
          const storage = context.over(faulty, { retry: { minDelay: 1, maxDelay: 2, maxOutage: 0, ...options } })
          const error = await rejects(storage.getFile(container, 'file'), 'UNAVAILABLE')
          assert.deepEqual([error.operation, error.file], ['getFile', 'file'])
          assert.equal(faulty.count('getFile'), attempts)
          await rejects(storage.putFile(container, 'file', content), 'UNAVAILABLE')
          assert.equal(faulty.count('putFile'), attempts)
        }
        await context.nothingOf('file')
      },
    },
    {
      id: 'Q.4',
      name: 'a permanent error is not retried',
      async run(context) {
        const never = (Object.keys(errorCodes) as StorageErrorCode[]).filter(
          (code) => errorCodes[code].retry === 'never',
        )
        assert.ok(never.length > 20)
        for (const code of never) {
          const faulty = context.faulty().fail('getFile', new StorageError(code, 'no'), 100)
          await rejects(context.over(faulty).getFile(context.container, 'file'), code)
          assert.equal(faulty.count('getFile'), 1, code)
        }
      },
    },
    {
      id: 'Q.5',
      name: 'a stream is retried only if nothing of it was read',
      async run(context) {
        const { container } = context
        const begun = context
          .faulty({ streamingPut: true })
          .on('putFile', async (_proceed, _container, _file, body) => {
            await takeSome(body)
            throw lost
          })
        const source = new WatchedSource(pieces(content, 10_000))
        await rejects(context.over(begun).putFile(container, 'file', source), 'CONNECTION_LOST')
        assert.equal(begun.count('putFile'), 1, 'the rest of the stream was retried')
        await context.nothingOf('file')
        const fresh = context
          .faulty({ streamingPut: true })
          .fail('putFile', unavailable)
          .on('putFile', async (proceed, name, file, body, options) => {
            const all = await whole(body)
            return proceed(name, file, all, { ...options, size: all.length })
          })
        await context.over(fresh).putFile(container, 'file', pieces(content, 10_000))
        assert.equal(fresh.count('putFile'), 2)
        await context.isWhole('file', content)
      },
    },
    {
      id: 'Q.7',
      name: 'a timeout and an abort have different codes',
      async run(context) {
        const { container } = context
        const late = context.faulty().stall('getFile').stall('listFiles').stall('openFile')
        const storage = context.over(late)
        const timeout = 15
        assert.equal((await rejects(storage.getFile(container, 'file', { timeout }), 'TIMEOUT')).statusCode, 504)
        await rejects(storage.getFiles(container, { timeout }), 'TIMEOUT')
        await rejects(storage.openFile(container, 'file', { timeout }), 'TIMEOUT')
        const controller = new AbortController()
        const left = context.faulty().stall('getFile', () => controller.abort('gone'))
        const { signal } = controller
        const error = await rejects(
          context.over(left).getFile(container, 'file', { signal, timeout: 60_000 }),
          'ABORTED',
        )
        assert.deepEqual([error.statusCode, error.cause], [499, 'gone'])
      },
    },
    {
      id: 'Q.8',
      name: 'waits between attempts are random and limited, and end with the signal',
      async run(context) {
        const { container } = context
        const retry = { attempts: 20, minDelay: 30, maxDelay: 30 }
        const times: number[] = []
        const faulty = context.faulty().on('getFile', async () => {
          times.push(performance.now())
          throw unavailable
        })
        await rejects(context.over(faulty, { retry }).getFile(container, 'file'), 'UNAVAILABLE')
        const waits = times.slice(1).map((time, index) => time - (times[index] as number))
        assert.equal(waits.length, 19)
        assert.ok(Math.min(...waits) < 20, 'no wait is shorter than the limit: the waits are not random')
        // Without a limit, the last wait would take hours.
        const many: StorageServiceOptions = { retry: { attempts: 30, minDelay: 1, maxDelay: 2 } }
        const bounded = context.faulty().fail('getFile', unavailable, 100)
        await rejects(context.over(bounded, many).getFile(container, 'file'), 'UNAVAILABLE')
        const controller = new AbortController()
        const waiting = context.faulty().on('getFile', async () => {
          setImmediate(() => controller.abort())
          throw new StorageError('RATE_LIMITED', 'slow down', { details: { retryAfter: 3600 } })
        })
        const patient = context.over(waiting, { retry: { maxDelay: 3_600_000 } })
        await rejects(patient.getFile(container, 'file', { signal: controller.signal }), 'ABORTED')
        assert.equal(waiting.count('getFile'), 1)
      },
    },
    {
      id: 'Q.9',
      name: 'rejected credentials fail with UNAUTHENTICATED, and the next call can succeed',
      async run(context) {
        await context.put('file', content)
        const expired = new StorageError('UNAUTHENTICATED', 'the token has expired')
        const faulty = context.faulty().fail('getFile', expired)
        const storage = context.over(faulty)
        assert.equal((await rejects(storage.getFile(context.container, 'file'), 'UNAUTHENTICATED')).statusCode, 401)
        assert.equal(faulty.count('getFile'), 1)
        assert.equal((await storage.getFile(context.container, 'file')).size, content.length)
      },
    },
    {
      id: 'Q.10',
      name: 'missing permissions fail with PERMISSION_DENIED in every operation',
      async run(context) {
        const { container } = context
        await context.put('file', content)
        const faulty = context.faulty()
        for (const method of [
          'listContainers',
          'createContainer',
          'getContainer',
          'destroyContainer',
          'listFiles',
          'getFile',
          'openFile',
          'putFile',
          'removeFile',
          'removeFiles',
          'copyFile',
          'moveFile',
          'startUpload',
        ] as const) {
          faulty.fail(method, denied, 100)
        }
        const storage = context.over(faulty)
        const places = [
          { container, file: 'file' },
          { container, file: 'b' },
        ] as const
        const operations: Record<string, () => Promise<unknown>> = {
          containerPage: () => storage.containerPage(),
          createContainer: () => storage.createContainer({ name: context.containerName() }),
          getContainer: () => storage.getContainer(container),
          destroyContainer: () => storage.destroyContainer(container),
          filePage: () => storage.filePage(container),
          getFile: () => storage.getFile(container, 'file'),
          openFile: () => storage.openFile(container, 'file'),
          putFile: () => storage.putFile(container, 'file', 'text'),
          removeFile: () => storage.removeFile(container, 'file'),
          removeFiles: () => storage.removeFiles(container, ['file']),
          copyFile: () => storage.copyFile(...places),
          moveFile: () => storage.moveFile(...places),
          ...(context.capabilities.parts === false
            ? {}
            : { startUpload: () => storage.startUpload(container, 'file', { partSize: context.partSize }) }),
        }
        for (const [operation, call] of Object.entries(operations)) {
          const error = await rejects(call(), 'PERMISSION_DENIED')
          assert.deepEqual([error.statusCode, error.operation, error.provider], [403, operation, storage.name])
        }
        await context.isWhole('file', content)
      },
    },
    {
      id: 'Q.11',
      name: 'an invalid response is a typed error without internal details',
      async run(context) {
        const { container } = context
        await context.put('file', content)
        const secret = Object.assign(new TypeError('cannot read /home/secret of key=abcdef'), {
          config: { key: 'abcdef' },
        })
        for (const thrown of [secret, 'a string', undefined, null, { code: 'ENOENT' }]) {
          const faulty = context.faulty()
          for (const method of ['getFile', 'putFile', 'listFiles', 'openFile'] as const) {
            faulty.on(method, () => Promise.reject(thrown))
          }
          const storage = context.over(faulty)
          const operations = [
            () => storage.getFile(container, 'file'),
            () => storage.putFile(container, 'file', 'text'),
            () => storage.getFiles(container),
            () => storage.openFile(container, 'file'),
          ]
          for (const call of operations) {
            const error = await rejects(call(), 'INTERNAL', 'BAD_RESPONSE')
            assert.ok(!JSON.stringify([error, error.message, error.cause]).includes('abcdef'))
            assert.ok(!String((error.cause as Error | undefined)?.message).includes('secret'))
          }
          assert.equal(faulty.count('getFile'), 1, 'the call was retried')
        }
        const nonsense = context.faulty().on('listFiles', async () => undefined as never)
        await rejects(context.over(nonsense).getFiles(container), 'INTERNAL', 'BAD_RESPONSE')
        await context.isWhole('file', content)
      },
    },
    {
      id: 'Q.12',
      name: 'NO_SPACE keeps the previous version',
      async run(context) {
        const { container } = context
        await context.put('old', bytes(100))
        const full = new StorageError('NO_SPACE', 'the disk is full')
        for (const streamingPut of [true, false]) {
          const faulty = context.faulty({ streamingPut }).on('putFile', async (_proceed, _container, _file, body) => {
            await takeSome(body)
            throw full
          })
          const source = new WatchedSource(pieces(content, 10_000))
          const error = await rejects(context.over(faulty).putFile(container, 'old', source), 'NO_SPACE')
          assert.equal(error.statusCode, 507)
          assert.equal(faulty.count('putFile'), 1)
          assert.ok(source.ended, 'the source is not ended')
        }
        await context.isWhole('old', bytes(100))
      },
    },
    ...lostResponses,
    {
      id: 'Q.16',
      name: 'a list continues after a failed page, without repeated entries',
      async run(context) {
        const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
        await context.putMany(names)
        const faulty = context
          .faulty()
          .on('listFiles', (proceed, ...args) => proceed(...args), 1)
          .fail('listFiles', unavailable, 2)
          .loseResponse('listFiles', lost)
        const listed = await Array.fromAsync(context.over(faulty).files(context.container, { pageSize: 2 }))
        assert.deepEqual(namesOf(listed), names)
        assert.equal(faulty.count('listFiles'), 7)
      },
    },
    {
      id: 'Q.18',
      name: 'a failed close is a typed error',
      async run(context) {
        const faulty = context.faulty().on('close', () => Promise.reject(new Error('the socket failed')))
        const storage = context.over(faulty)
        const error: unknown = await storage.close().then(
          () => undefined,
          (reason: unknown) => reason,
        )
        assert.ok(isStorageError(error, 'INTERNAL'))
        await rejects(storage.getContainers(), 'CLOSED')
      },
    },
    ...brokenDownloads,
    ...outages,
    ...brokenServices,
  ],
}
