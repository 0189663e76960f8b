/** R. Resumable uploads: at any byte, by any process, whatever fails. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { ResumableUpload, StorageService } from '../../../index.js'
import { StorageError } from '../../../provider.js'
import { all, type ConformanceCategory, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes, pieces, stallingAfter } from '../../tools/content.js'
import { eachRejects, isCode, rejects } from '../../tools/expectations.js'
import type { ProviderMethod } from '../../tools/faulty-provider.js'
import { hiddenFiles, listHidden } from './hidden-files.js'

const needsAll = all(needs.parts, needs.resumableUploads)

type Start = Parameters<StorageService['startResumableUpload']>[2]

const start = ({ storage, container, partSize }: CaseContext, options?: Start, file = 'file') =>
  storage.startResumableUpload(container, file, { partSize, ...options })

/** That nothing of a completed or aborted upload is left after a purge. */
async function nothingLeft(context: CaseContext): Promise<void> {
  await context.storage.purgeUploads(context.container)
  assert.deepEqual(await context.uploads(), [])
  assert.deepEqual(await listHidden(context), [])
}

/** Sizes of bodies that meet every border: of a byte, of a part, and of the file. */
function borderSizes(partSize: number): number[] {
  return [1, partSize - 2, 1, 1, partSize, 1, partSize - 1, 2 * partSize, 5, partSize - 6, 1, 3]
}

/** The first bytes of some content, then nothing, not even an end. */
function stalling(content: Uint8Array, length: number) {
  const { promise: stalled, resolve } = Promise.withResolvers<void>()
  return { body: stallingAfter([content.subarray(0, length)], resolve), stalled }
}

const lost = new StorageError('PERMISSION_DENIED', 'the process was killed')

async function rejection(context: CaseContext): Promise<void> {
  const { container } = context
  const faulty = context.faulty()
  const storage = context.over(faulty)
  const upload: ResumableUpload = {
    container,
    file: 'file',
    id: 'id',
    partSize: 1000,
    key: '0'.repeat(32),
    maxSize: 1000,
    conditions: {},
  }
  const operations = {
    startResumableUpload: () => storage.startResumableUpload(container, 'file'),
    getResumableUpload: () => storage.getResumableUpload(upload),
    appendToResumableUpload: () => storage.appendToResumableUpload(upload, bytes(10), { offset: 0 }),
    abortResumableUpload: () => storage.abortResumableUpload(upload),
  }
  await eachRejects(operations, 'NOT_SUPPORTED')
  assert.deepEqual(faulty.calls, [])
}

export const resumableUploads: ConformanceCategory = {
  title: 'Resumable uploads',
  cases: [
    ...hiddenFiles,
    {
      id: 'R.6',
      name: 'bodies of all sizes, each from another process',
      needs: needsAll,
      rejection,
      async run(context) {
        const sizes = borderSizes(context.partSize)
        const content = bytes(sizes.reduce((sum, size) => sum + size))
        const metadata = { purpose: 'test' }
        const started = await start(context, { size: content.length, contentType: 'text/x-test', metadata })
        // As a program reads it that stored it.
        const upload: ResumableUpload = JSON.parse(JSON.stringify(started))
        const storages = [context.storage, context.secondStorage]
        let offset = 0
        for (const [index, size] of sizes.entries()) {
          const [one, other] = index % 2 === 0 ? storages : storages.toReversed()
          await context.isAbsent('file')
          const body = content.subarray(offset, offset + size)
          const stream = index % 3 === 0 ? body : pieces(body, 30_000)
          const state = await one?.appendToResumableUpload(upload, stream, { offset })
          offset += size
          assert.equal(state?.offset, offset)
          assert.equal((await other?.getResumableUpload(upload))?.offset, offset)
        }
        await context.isWhole('file', content)
        const state = await context.secondStorage.getResumableUpload(upload)
        assert.deepEqual([state.offset, state.size, state.file?.size], [offset, offset, offset])
        const info = await context.storage.getFile(context.container, 'file')
        assert.deepEqual([info.contentType, info.metadata], ['text/x-test', metadata])
        await nothingLeft(context)
      },
    },
    {
      id: 'R.7',
      name: 'bytes at another position are OFFSET_MISMATCH, and change nothing',
      needs: needsAll,
      async run(context) {
        const { storage } = context
        const upload = await start(context, { size: 200 })
        await storage.appendToResumableUpload(upload, bytes(100), { offset: 0 })
        for (const offset of [0, 99, 101]) {
          const error = await rejects(
            storage.appendToResumableUpload(upload, bytes(100), { offset }),
            'OFFSET_MISMATCH',
          )
          assert.equal(error.details.offset, 100)
        }
        assert.deepEqual(await storage.getResumableUpload(upload), { offset: 100, size: 200 })
      },
    },
    {
      id: 'R.8',
      name: 'of a body that fails or is aborted, everything that arrived is stored',
      needs: needsAll,
      async run(context) {
        const { storage, secondStorage, partSize } = context
        const content = bytes(2 * partSize + 500)
        const upload = await start(context, { size: content.length })
        const failing = async function* () {
          yield content.subarray(0, partSize)
          yield content.subarray(partSize, partSize + 100)
          throw new Error('the client disconnected')
        }
        await rejects(storage.appendToResumableUpload(upload, failing(), { offset: 0 }), 'SOURCE_FAILED')
        const first = await secondStorage.getResumableUpload(upload)
        assert.equal(first.offset, partSize + 100)
        const { body, stalled } = stalling(content.subarray(first.offset), 200)
        const controller = new AbortController()
        const { signal } = controller
        const append = storage.appendToResumableUpload(upload, body, { offset: first.offset, signal })
        await stalled
        controller.abort()
        await rejects(append, 'ABORTED')
        const { offset } = await secondStorage.getResumableUpload(upload)
        assert.equal(offset, first.offset + 200)
        await storage.appendToResumableUpload(upload, content.subarray(offset), { offset })
        await context.isWhole('file', content)
        await nothingLeft(context)
      },
    },
    {
      id: 'R.9',
      name: 'a size that is known later, or only at the end',
      needs: needsAll,
      async run(context) {
        const { storage, secondStorage, partSize } = context
        const content = bytes(partSize + 10)
        for (const declares of [true, false]) {
          const upload = await start(context)
          const append = { offset: 0, ...(declares ? { size: content.length } : {}) }
          await storage.appendToResumableUpload(upload, content.subarray(0, 7), append)
          if (declares) {
            assert.equal((await secondStorage.getResumableUpload(upload)).size, content.length)
            const other = { offset: 7, size: content.length + 1 }
            await rejects(storage.appendToResumableUpload(upload, bytes(1), other), 'INVALID_ARGUMENT')
          }
          const end = { offset: 7, complete: true }
          const { file } = await secondStorage.appendToResumableUpload(upload, content.subarray(7), end)
          assert.equal(file?.size, content.length)
          await context.isWhole('file', content)
          await nothingLeft(context)
        }
      },
    },
    {
      id: 'R.10',
      name: 'more bytes than the size or the maximum are TOO_LARGE, fewer at the end SIZE_MISMATCH',
      needs: needsAll,
      async run(context) {
        const { storage } = context
        for (const options of [{ size: 100 }, { maxSize: 100 }]) {
          const upload = await start(context, options)
          await storage.appendToResumableUpload(upload, bytes(60), { offset: 0 })
          await rejects(storage.appendToResumableUpload(upload, bytes(41), { offset: 60 }), 'TOO_LARGE')
          const { offset } = await storage.getResumableUpload(upload)
          await rejects(storage.appendToResumableUpload(upload, pieces(bytes(101), 7), { offset }), 'TOO_LARGE')
          assert.equal((await storage.getResumableUpload(upload)).offset, offset)
          await context.isAbsent('file')
          await storage.abortResumableUpload(upload)
        }
        const upload = await start(context, { size: 100 })
        const early = storage.appendToResumableUpload(upload, bytes(60), { offset: 0, complete: true })
        await rejects(early, 'SIZE_MISMATCH')
        await context.isAbsent('file')
        await storage.abortResumableUpload(upload)
        await rejects(start(context, { size: 101, maxSize: 100 }), 'TOO_LARGE')
        await nothingLeft(context)
      },
    },
    {
      id: 'R.11',
      name: 'conditions are checked at the completion',
      needs: all(needs.create, needsAll),
      async run(context) {
        const { storage } = context
        const upload = await start(context, { size: 100, ifNoneMatch: '*' })
        await storage.appendToResumableUpload(upload, bytes(50), { offset: 0 })
        await context.put('file', bytes(7))
        const end = storage.appendToResumableUpload(upload, bytes(50), { offset: 50 })
        await rejects(end, 'PRECONDITION_FAILED')
        await context.isWhole('file', bytes(7))
        await storage.abortResumableUpload(upload)
        await nothingLeft(context)
      },
    },
    {
      id: 'R.12',
      name: 'an empty file',
      needs: needsAll,
      async run(context) {
        const { storage, secondStorage } = context
        const upload = await start(context, { size: 0 })
        const { file } = await storage.getResumableUpload(upload)
        assert.equal(file?.size, 0)
        await context.isWhole('file', bytes(0))
        const later = await start(context)
        await secondStorage.appendToResumableUpload(later, bytes(0), { offset: 0, complete: true })
        await context.isWhole('file', bytes(0))
        await nothingLeft(context)
      },
    },
    {
      id: 'R.13',
      name: 'an upload that was aborted is UPLOAD_NOT_FOUND, and nothing of it is left',
      needs: needsAll,
      async run(context) {
        const { storage, secondStorage, partSize } = context
        const upload = await start(context, { size: 3 * partSize })
        await storage.appendToResumableUpload(upload, bytes(partSize + 9), { offset: 0 })
        await secondStorage.abortResumableUpload(upload)
        await rejects(storage.getResumableUpload(upload), 'UPLOAD_NOT_FOUND')
        await rejects(storage.appendToResumableUpload(upload, bytes(9), { offset: 0 }), 'UPLOAD_NOT_FOUND')
        await storage.abortResumableUpload(upload)
        await context.nothingOf('file')
        assert.deepEqual(await listHidden(context), [])
        const other = await start(context, { size: 3 })
        await storage.appendToResumableUpload(other, bytes(3), { offset: 0 })
        await storage.abortResumableUpload(other)
        await context.isWhole('file', bytes(3))
        await rejects(storage.getResumableUpload(other), 'UPLOAD_NOT_FOUND')
      },
    },
    {
      id: 'R.14',
      name: 'a checksum that differs leaves the offset',
      needs: needsAll,
      async run(context) {
        const { storage, partSize } = context
        const content = bytes(partSize + 10)
        const upload = await start(context, { size: content.length })
        for (const algorithm of ['md5', 'sha1', 'sha256', 'sha512'] as const) {
          const value = createHash(algorithm).update('other').digest('hex')
          const append = { offset: 0, checksum: { algorithm, value } }
          await rejects(storage.appendToResumableUpload(upload, pieces(content, 30_000), append), 'CHECKSUM_MISMATCH')
        }
        assert.equal((await storage.getResumableUpload(upload)).offset, 0)
        const value = createHash('sha1').update(content).digest('hex')
        // As from a trailer, which arrives after the body.
        const append = { offset: 0, checksum: () => ({ algorithm: 'sha1', value }) as const }
        await storage.appendToResumableUpload(upload, pieces(content, 30_000), append)
        await context.isWhole('file', content)
      },
    },
    {
      id: 'R.15',
      name: 'many bodies of one byte',
      needs: needsAll,
      async run(context) {
        const { storage, secondStorage } = context
        const content = bytes(40)
        const upload = await start(context, { size: content.length })
        for (let offset = 0; offset < content.length; offset++) {
          const one = offset % 2 === 0 ? storage : secondStorage
          await one.appendToResumableUpload(upload, content.subarray(offset, offset + 1), { offset })
        }
        await context.isWhole('file', content)
        await nothingLeft(context)
      },
    },
    {
      id: 'R.16',
      name: 'two requests for the same bytes at the same time do no harm',
      needs: needsAll,
      async run(context) {
        const { storage, secondStorage, partSize } = context
        const content = bytes(2 * partSize + 30)
        const upload = await start(context, { size: content.length })
        for (;;) {
          const { offset, file } = await storage.getResumableUpload(upload)
          if (file !== undefined) break
          const length = Math.ceil(content.length / 3)
          const body = (size: number) => content.subarray(offset, offset + size)
          const results = await Promise.allSettled([
            storage.appendToResumableUpload(upload, body(length), { offset }),
            secondStorage.appendToResumableUpload(upload, body(length + 7), { offset }),
          ])
          for (const result of results) {
            if (result.status === 'rejected')
              isCode(result.reason, 'OFFSET_MISMATCH', 'UPLOAD_NOT_FOUND', 'INVALID_PART')
          }
          const after = await secondStorage.getResumableUpload(upload)
          assert.ok(after.offset > offset, 'the offset did not increase')
        }
        await context.isWhole('file', content)
        await nothingLeft(context)
      },
    },
    {
      id: 'R.17',
      name: 'killed before or after any request, and continued by another process: no byte is lost',
      needs: needsAll,
      async run(context) {
        const { partSize, secondStorage } = context
        const content = bytes(2 * partSize + 30)
        const methods: readonly ProviderMethod[] = [
          'putHiddenFile',
          'removeHiddenFiles',
          'uploadPart',
          'completeUpload',
        ]
        for (const when of ['before', 'after'] as const) {
          for (let killedAt = 1; ; killedAt++) {
            let calls = 0
            const faulty = context.faulty()
            for (const method of methods) {
              faulty.on(method, async (proceed, ...args) => {
                if (++calls < killedAt) return proceed(...args)
                if (calls === killedAt && when === 'after') await proceed(...args)
                throw lost
              })
            }
            const dying = context.over(faulty, { retry: { attempts: 1, maxOutage: 0 } })
            const upload = await start(context, { size: content.length })
            let reported = 0
            try {
              for (const end of [40, partSize + 20, content.length]) {
                const body = content.subarray(reported, end)
                const state = await dying.appendToResumableUpload(upload, body, { offset: reported })
                reported = state.offset
              }
            } catch (error) {
              isCode(error, 'PERMISSION_DENIED')
            }
            const { offset, file } = await secondStorage.getResumableUpload(upload)
            assert.ok(offset >= reported, `killed ${when} request ${killedAt}: ${offset} of ${reported} bytes are left`)
            if (file === undefined) {
              await secondStorage.appendToResumableUpload(upload, content.subarray(offset), { offset })
            }
            await context.isWhole('file', content)
            await context.storage.removeFile(context.container, 'file')
            if (calls < killedAt) break
          }
        }
        await nothingLeft(context)
      },
    },
    {
      id: 'R.18',
      name: 'a completion whose response was lost: the next request gets the file',
      needs: needsAll,
      async run(context) {
        const { container, secondStorage } = context
        const unavailable = new StorageError('PERMISSION_DENIED', 'the response was lost')
        const upload = await start(context, { size: 100 })
        const losing = context.over(context.faulty().loseResponse('completeUpload', unavailable))
        await rejects(losing.appendToResumableUpload(upload, bytes(100), { offset: 0 }), 'PERMISSION_DENIED')
        const { offset, file } = await secondStorage.getResumableUpload(upload)
        assert.deepEqual([offset, file?.name, file?.size], [100, 'file', 100])
        await secondStorage.removeFile(container, 'file')
        await rejects(secondStorage.getResumableUpload(upload), 'UPLOAD_NOT_FOUND')
      },
    },
    {
      id: 'R.19',
      name: 'a newer request ends an older one of the same process',
      needs: needsAll,
      async run(context) {
        const { storage, partSize } = context
        const content = bytes(partSize + 100)
        const upload = await start(context, { size: content.length })
        const { body, stalled } = stalling(content, partSize + 50)
        const older = storage.appendToResumableUpload(upload, body, { offset: 0 })
        older.catch(() => undefined)
        await stalled
        const { offset } = await storage.getResumableUpload(upload, { takeOver: true })
        assert.equal(offset, partSize + 50)
        await rejects(older, 'ABORTED')
        await storage.appendToResumableUpload(upload, content.subarray(offset), { offset })
        await context.isWhole('file', content)
      },
    },
    {
      id: 'R.20',
      name: 'a purge spares uploads that were continued after its time',
      needs: needsAll,
      async run(context) {
        const { storage, container } = context
        const upload = await start(context, { size: 100 })
        await storage.appendToResumableUpload(upload, bytes(50), { offset: 0 })
        const startedBefore = new Date(Date.now() - 60 * 60 * 1000)
        assert.deepEqual(await storage.purgeUploads(container, { startedBefore }), [])
        assert.equal((await storage.getResumableUpload(upload)).offset, 50)
        assert.equal((await storage.purgeUploads(container)).length, 1)
        await rejects(storage.getResumableUpload(upload), 'UPLOAD_NOT_FOUND')
        assert.deepEqual(await listHidden(context), [])
      },
    },
    {
      id: 'R.21',
      name: 'an upload may stay open at its size, and a refusal before it is complete loses no byte',
      needs: needsAll,
      async run(context) {
        const { storage, secondStorage, partSize } = context
        // Parts have at least one mebibyte.
        const content = bytes(2 * Math.max(partSize, 1024 * 1024) + 7)
        const upload = await start(context, { size: content.length })
        const stored: number[] = []
        const onStored = (offset: number) => void stored.push(offset)
        const open = { offset: content.length, size: content.length }
        const append = { offset: 0, complete: false, onStored }
        assert.deepEqual(await storage.appendToResumableUpload(upload, pieces(content, 100_000), append), open)
        assert.deepEqual(stored, [upload.partSize, 2 * upload.partSize])
        assert.deepEqual(await secondStorage.getResumableUpload(upload, { complete: false }), open)
        await context.isAbsent('file')
        const end = { offset: content.length, complete: true }
        const beforeComplete = () => {
          throw new StorageError('PERMISSION_DENIED', 'not any more')
        }
        const refused = secondStorage.appendToResumableUpload(upload, '', { ...end, beforeComplete })
        await rejects(refused, 'PERMISSION_DENIED')
        await context.isAbsent('file')
        const { file } = await storage.appendToResumableUpload(upload, '', end)
        assert.equal(file?.size, content.length)
        await context.isWhole('file', content)
        await nothingLeft(context)
      },
    },
    {
      id: 'R.22',
      name: 'partial uploads of any size, joined in any order to a file',
      needs: needsAll,
      async run(context) {
        const { storage, secondStorage, container, partSize } = context
        const content = bytes(2 * partSize + 1234)
        const cut = partSize + 5
        const halves = [content.subarray(0, cut), content.subarray(cut)]
        const uploads = await Promise.all(
          halves.map(({ length }) => storage.startPartialUpload(container, { size: length })),
        )
        const [first, second] = uploads as [ResumableUpload, ResumableUpload]
        await storage.appendToResumableUpload(first, pieces(halves[0] as Uint8Array, 20_000), { offset: 0 })
        await storage.appendToResumableUpload(second, content.subarray(cut, cut + 3), { offset: 0 })
        await rejects(secondStorage.joinPartialUploads(uploads, container, 'file'), 'INVALID_ARGUMENT')
        assert.equal((await secondStorage.getResumableUpload(second)).offset, 3)
        await secondStorage.appendToResumableUpload(second, content.subarray(cut + 3), { offset: 3 })
        assert.deepEqual((await storage.getFiles(container)).length, 0)
        const { size } = await secondStorage.joinPartialUploads([first, second, first], container, 'file')
        assert.equal(size, content.length + cut)
        await context.isWhole('file', Buffer.concat([content, content.subarray(0, cut)]))
        for (const upload of uploads) await storage.abortResumableUpload(upload)
        await rejects(storage.getResumableUpload(first), 'UPLOAD_NOT_FOUND')
        await nothingLeft(context)
      },
    },
  ],
}
