/**
 * G. Large files that core sends in parts.
 */
import assert from 'node:assert/strict'
import { StorageError } from '../../../provider.js'
import { type ConformanceCase, type ConformanceCategory, needs } from '../../run/case.js'
import { bytes, pieces } from '../../tools/content.js'
import { rejects } from '../../tools/expectations.js'
import { partUploads } from './multipart-uploads.js'

const unavailable = new StorageError('UNAVAILABLE', 'the service is unavailable')

/** A case that writes `length` bytes, with and without a size, and expects this number of parts. */
const sized = (id: string, name: string, length: (partSize: number) => number, parts: number): ConformanceCase => ({
  id,
  name,
  needs: needs.parts,
  async run(context) {
    const { partSize, container } = context
    const content = bytes(length(partSize))
    const bodies = {
      bytes: () => content,
      'stream of unknown length': () => pieces(content, 30_000),
      'stream of known length': () => pieces(content, 30_000),
    }
    for (const [kind, body] of Object.entries(bodies)) {
      const faulty = context.inParts()
      const storage = context.over(faulty, { partSize })
      const size = kind === 'stream of known length' ? { size: content.length } : {}
      await storage.putFile(container, 'file', body(), size)
      assert.equal(faulty.count('uploadPart'), parts, `parts of ${kind}`)
      assert.equal(faulty.count('putFile'), parts === 0 ? 1 : 0, `puts of ${kind}`)
      await context.isWhole('file', content)
      assert.deepEqual(await context.uploads(), [])
      await context.storage.removeFile(container, 'file')
    }
  },
})

export const largeFiles: ConformanceCategory = {
  title: 'Large files',
  cases: [
    sized('G.1', 'exactly one part: one put', (partSize) => partSize, 0),
    sized('G.2', 'one byte more than a part: two parts', (partSize) => partSize + 1, 2),
    sized('G.3', 'one byte less than a part: one put', (partSize) => partSize - 1, 0),
    sized('G.4', 'three complete parts', (partSize) => 3 * partSize, 3),
    {
      id: 'G.5',
      name: 'the number of concurrent parts equals parallelism',
      needs: needs.parts,
      async run(context) {
        const { partSize, container } = context
        const content = bytes(9 * partSize + 1)
        for (const parallelism of [1, 3]) {
          let now = 0
          let most = 0
          let together = Promise.withResolvers<void>()
          const faulty = context.inParts().on('uploadPart', async (proceed, ...args) => {
            most = Math.max(most, ++now)
            // Parts wait for each other, so fewer concurrent parts than allowed would never end.
            // The tenth part is alone.
            if (now === parallelism || args[2].partNumber === 10) {
              together.resolve()
              together = Promise.withResolvers()
            } else {
              await together.promise
            }
            const part = await proceed(...args)
            now--
            return part
          })
          const storage = context.over(faulty)
          await storage.putFile(container, 'file', pieces(content, 30_000), { partSize, parallelism })
          assert.equal(most, parallelism)
          await context.isWhole('file', content)
        }
      },
    },
    {
      id: 'G.6',
      name: 'a part that fails once is retried',
      needs: needs.parts,
      async run(context) {
        const { partSize, container } = context
        const content = bytes(3 * partSize + 9)
        const lost = new StorageError('CONNECTION_LOST', 'the connection broke')
        const faulty = context.inParts().fail('uploadPart', unavailable).loseResponse('uploadPart', lost)
        const storage = context.over(faulty)
        await storage.putFile(container, 'file', pieces(content, 30_000), { partSize })
        assert.equal(faulty.count('uploadPart'), 6)
        await context.isWhole('file', content)
        assert.deepEqual(await context.uploads(), [])
      },
    },
    {
      id: 'G.7',
      name: 'a part that fails permanently fails the upload, and leaves nothing',
      needs: needs.parts,
      async run(context) {
        const { partSize, container } = context
        const old = bytes(100)
        await context.put('old', old)
        const denied = new StorageError('PERMISSION_DENIED', 'not allowed')
        for (const file of ['new', 'old']) {
          for (const failing of [1, 3, 5]) {
            const faulty = context.inParts().on('uploadPart', (proceed, ...args) => {
              return args[2].partNumber === failing ? Promise.reject(denied) : proceed(...args)
            })
            const storage = context.over(faulty, { partSize, parallelism: 2 })
            const write = storage.putFile(container, file, pieces(bytes(5 * partSize), 30_000))
            await rejects(write, 'PERMISSION_DENIED')
            assert.equal(faulty.count('completeUpload'), 0)
            assert.equal(faulty.count('abortUpload'), 1)
          }
        }
        await context.nothingOf('new')
        await context.isWhole('old', old)
        assert.deepEqual(await context.uploads(), [])
      },
    },
    {
      id: 'G.8',
      name: 'a completion that fails permanently leaves nothing',
      needs: needs.parts,
      async run(context) {
        const { partSize, container } = context
        await context.put('old', bytes(100))
        const full = new StorageError('NO_SPACE', 'the storage is full')
        for (const file of ['new', 'old']) {
          const storage = context.over(context.inParts().fail('completeUpload', full), { partSize })
          await rejects(storage.putFile(container, file, bytes(3 * partSize)), 'NO_SPACE')
        }
        await context.nothingOf('new')
        await context.isWhole('old', bytes(100))
        assert.deepEqual(await context.uploads(), [])
      },
    },
    {
      id: 'G.9',
      name: 'parts grow so that their maximum number is never exceeded',
      needs: needs.parts,
      async run(context) {
        const { partSize, container, capabilities } = context
        if (capabilities.parts === false) return
        const limits = { ...capabilities.parts, maxParts: 4 }
        const faulty = context.inParts({ parts: limits })
        const content = bytes(10 * partSize + 3)
        const storage = context.over(faulty, { partSize })
        for (const body of [content, pieces(content, 30_000)]) {
          await storage.putFile(container, 'file', body, { size: content.length })
          await context.isWhole('file', content)
          assert.ok(faulty.count('uploadPart') <= 8, `${faulty.count('uploadPart')} parts`)
        }
        // For the largest files, the part size is chosen at the start; nothing is sent.
        const { maxParts, maxPartSize } = capabilities.parts
        for (const size of [
          8 * 1024 * 1024 * maxParts + 1,
          Math.min(maxParts * maxPartSize, capabilities.maxFileSize),
        ]) {
          if (size > maxParts * maxPartSize) continue
          const upload = await context.storage.startUpload(container, 'huge', { size })
          assert.ok(
            upload.partSize * maxParts >= size,
            `${maxParts} parts of ${upload.partSize} bytes are less than ${size} bytes`,
          )
          await context.storage.abortUpload(upload)
        }
      },
    },
    {
      id: 'G.10',
      name: 'a body that exceeds the limits of parts fails with TOO_LARGE, and leaves nothing',
      async run(context) {
        const { container, partSize, capabilities } = context
        const limits =
          capabilities.parts === false ? false : { ...capabilities.parts, maxPartSize: partSize, maxParts: 3 }
        const faulty = context.faulty({ streamingPut: false, maxPutSize: partSize, parts: limits })
        const storage = context.over(faulty, { partSize })
        for (const body of [pieces(bytes(5 * partSize), 30_000), bytes(5 * partSize)]) {
          await rejects(storage.putFile(container, 'file', body), 'TOO_LARGE')
        }
        await context.nothingOf('file')
        const small = context.over(context.faulty({ maxFileSize: 1000 }))
        await rejects(small.putFile(container, 'file', bytes(1001)), 'TOO_LARGE')
        await rejects(small.putFile(container, 'file', pieces(bytes(1001), 10), { size: 1001 }), 'TOO_LARGE')
        await rejects(small.putFile(container, 'file', pieces(bytes(1001), 10)), 'TOO_LARGE')
        await context.nothingOf('file')
      },
    },
    ...partUploads,
  ],
}
