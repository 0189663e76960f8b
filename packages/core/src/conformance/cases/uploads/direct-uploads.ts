/** S. Direct uploads: clients send parts to the service, with real HTTP requests. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { ResumableUpload, SignedPart, StorageService } from '../../../index.js'
import { StorageError } from '../../../provider.js'
import { all, type ConformanceCategory, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes } from '../../tools/content.js'
import { eachRejects, isCode, rejects } from '../../tools/expectations.js'
import { listHidden } from './hidden-files.js'

const needsAll = all(needs.parts, needs.resumableUploads, needs.directUploads)

type Create = Parameters<StorageService['createDirectUpload']>[2]

/** Bytes: the part size of uploads is a multiple of 1 MiB, if the service has no larger minimum. */
const partSizeFor = (context: CaseContext) => Math.max(context.partSize, 1024 * 1024)

const create = (context: CaseContext, options?: Create, file = 'file') =>
  context.storage.createDirectUpload(context.container, file, { partSize: partSizeFor(context), ...options })

/** Sends a body to the URL of a part, as a client does. */
async function send(
  { url, method, headers }: SignedPart,
  body: Uint8Array,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const response = await fetch(url, { method, headers: { ...headers, ...more }, body: Buffer.from(body) })
  await response.arrayBuffer()
  return response
}

async function sendPart(part: SignedPart, body: Uint8Array): Promise<void> {
  const { status } = await send(part, body)
  assert.ok(status >= 200 && status < 300, `part ${part.partNumber}: status ${status}`)
}

/** Sends all parts of a file. */
async function sendAll({ storage }: CaseContext, upload: ResumableUpload, content: Uint8Array): Promise<void> {
  for (const part of await storage.signDirectParts(upload)) await sendPart(part, partOf(upload, content, part))
}

const partOf = ({ partSize }: ResumableUpload, content: Uint8Array, { partNumber }: SignedPart) =>
  content.subarray((partNumber - 1) * partSize, partNumber * partSize)

/** That nothing of a completed or aborted upload is left after a purge. */
async function nothingLeft(context: CaseContext): Promise<void> {
  await context.storage.purgeUploads(context.container)
  assert.deepEqual(await context.uploads(), [])
  assert.deepEqual(await listHidden(context), [])
}

async function rejection(context: CaseContext): Promise<void> {
  const { container } = context
  const faulty = context.faulty()
  const storage = context.over(faulty)
  const reference = { container, file: 'file', id: 'id', partSize: 1000 }
  const upload: ResumableUpload = { ...reference, key: '0'.repeat(32), size: 1000, maxSize: 1000, conditions: {} }
  await eachRejects({ signDirectParts: () => storage.signDirectParts(upload) }, 'NOT_SUPPORTED')
  assert.deepEqual(faulty.calls, [])
}

export const directUploads: ConformanceCategory = {
  title: 'Direct uploads',
  cases: [
    {
      id: 'S.1',
      name: 'parts that a client sends become a file when another process completes the upload',
      needs: needsAll,
      rejection,
      async run(context) {
        const { secondStorage, container } = context
        const partSize = partSizeFor(context)
        const content = bytes(2 * partSize + 100)
        const { maxMetadataBytes } = context.capabilities.attributes
        const metadata: Record<string, string> = maxMetadataBytes > 0 ? { author: 'Ada' } : {}
        const upload = await create(context, { size: content.length, contentType: 'text/x-test', metadata })
        assert.deepEqual(JSON.parse(JSON.stringify(upload)), upload)
        await sendAll(context, upload, content)
        await context.isAbsent('file')
        assert.deepEqual(await context.names(), [])
        const written = await secondStorage.completeDirectUpload(upload)
        assert.deepEqual([written.name, written.size, written.contentType], ['file', content.length, 'text/x-test'])
        await context.isWhole('file', content)
        assert.deepEqual((await context.storage.getFile(container, 'file')).metadata, metadata)
        await nothingLeft(context)
      },
    },
    {
      id: 'S.2',
      name: 'files of one part, of exactly one part, and of none',
      needs: needsAll,
      async run(context) {
        const { storage } = context
        const partSize = partSizeFor(context)
        for (const size of [1, partSize, 0]) {
          const upload = await create(context, { size })
          assert.equal((await storage.signDirectParts(upload)).length, size === 0 ? 0 : 1)
          await sendAll(context, upload, bytes(size))
          await storage.completeDirectUpload(upload)
          await context.isWhole('file', bytes(size))
        }
        await nothingLeft(context)
      },
    },
    {
      id: 'S.3',
      name: 'a missing part is INVALID_PART, and can be sent afterwards',
      needs: needsAll,
      async run(context) {
        const { storage } = context
        const partSize = partSizeFor(context)
        const content = bytes(2 * partSize + 1)
        const upload = await create(context, { size: content.length })
        await rejects(storage.completeDirectUpload(upload), 'INVALID_PART')
        const parts = await storage.signDirectParts(upload)
        const [first, second, third] = parts
        assert.ok(first && second && third)
        await sendPart(third, partOf(upload, content, third))
        await sendPart(first, partOf(upload, content, first))
        const error = await rejects(storage.completeDirectUpload(upload), 'INVALID_PART')
        assert.match(error.message, /part 2/)
        await context.isAbsent('file')
        const [again] = await storage.signDirectParts(upload, { from: 2, to: 2 })
        assert.equal(again?.partNumber, 2)
        await sendPart(again, partOf(upload, content, again))
        const claims = [1, 2, 3, 4].map((partNumber) => ({ partNumber }))
        for (const claimed of [claims.slice(0, 2), claims]) {
          await rejects(storage.completeDirectUpload(upload, { parts: claimed }), 'INVALID_PART')
        }
        await storage.completeDirectUpload(upload)
        await context.isWhole('file', content)
      },
    },
    {
      id: 'S.4',
      name: 'a part of another size is rejected, at once or at the completion',
      needs: needsAll,
      async run(context) {
        const { storage } = context
        const partSize = partSizeFor(context)
        const content = bytes(partSize + 100)
        for (const wrong of [101, 99]) {
          const upload = await create(context, { size: content.length })
          const [first, last] = await storage.signDirectParts(upload)
          assert.ok(first && last)
          await sendPart(first, partOf(upload, content, first))
          const { ok } = await send(last, bytes(wrong))
          if (context.capabilities.directUploads?.size) assert.ok(!ok, 'the service stored a part of another size')
          await rejects(storage.completeDirectUpload(upload), 'INVALID_PART')
          // A server that receives the part checks only the maximum.
          await storage.uploadPart(upload, last.partNumber, bytes(wrong))
          await rejects(storage.completeDirectUpload(upload), 'INVALID_PART')
          await context.isAbsent('file')
          // Some services keep what was sent to the URL that was signed last.
          const [again] = await storage.signDirectParts(upload, { from: 2 })
          assert.ok(again)
          await sendPart(again, partOf(upload, content, again))
          await storage.completeDirectUpload(upload)
          await context.isWhole('file', content)
          await storage.removeFile(context.container, 'file')
        }
        await nothingLeft(context)
      },
    },
    {
      id: 'S.5',
      name: 'without a size, the client lists its parts, and the maximum size holds',
      needs: all(needsAll, needs.directUnknownSize),
      async run(context) {
        const { storage } = context
        const partSize = partSizeFor(context)
        const content = bytes(partSize + 100)
        const upload = await create(context, { maxSize: content.length })
        const [first] = await storage.signDirectParts(upload)
        const [second] = await storage.signDirectParts(upload, { from: 2 })
        assert.ok(first && second)
        await sendPart(first, partOf(upload, content, first))
        await sendPart(second, bytes(101))
        const parts = [{ partNumber: 1 }, { partNumber: 2 }]
        await rejects(storage.completeDirectUpload(upload), 'INVALID_ARGUMENT')
        await rejects(storage.completeDirectUpload(upload, { parts: [] }), 'INVALID_PART')
        await rejects(storage.completeDirectUpload(upload, { parts: [...parts, { partNumber: 3 }] }), 'INVALID_PART')
        await rejects(storage.completeDirectUpload(upload, { parts: parts.toReversed() }), 'INVALID_PART')
        await rejects(storage.completeDirectUpload(upload, { parts }), 'TOO_LARGE')
        await context.isAbsent('file')
        await sendPart(second, partOf(upload, content, second))
        await storage.completeDirectUpload(upload, { parts })
        await context.isWhole('file', content)
      },
    },
    {
      id: 'S.6',
      name: 'the ETag of the response is that of the part, and another one is INVALID_PART',
      needs: all(needsAll, needs.directETag),
      async run(context) {
        const { storage } = context
        const upload = await create(context, { size: 100 })
        const [part] = await storage.signDirectParts(upload)
        assert.ok(part)
        const response = await send(part, bytes(100))
        const etag = response.headers.get('etag') ?? ''
        const [stored] = await Array.fromAsync(storage.parts(upload))
        assert.equal(stored?.etag?.replaceAll('"', ''), etag.replaceAll('"', ''))
        const wrong = [{ partNumber: 1, etag: '"0123456789abcdef0123456789abcdef"' }]
        await rejects(storage.completeDirectUpload(upload, { parts: wrong }), 'INVALID_PART')
        await storage.completeDirectUpload(upload, { parts: [{ partNumber: 1, etag }] })
        await context.isWhole('file', bytes(100))
      },
    },
    {
      id: 'S.7',
      name: 'a repeated completion returns the file, also if the first response was lost',
      needs: needsAll,
      async run(context) {
        const { storage, secondStorage, container } = context
        const upload = await create(context, { size: 100 })
        await sendAll(context, upload, bytes(100))
        const lost = new StorageError('PERMISSION_DENIED', 'the response was lost')
        const losing = context.over(context.faulty().loseResponse('completeUpload', lost))
        await rejects(losing.completeDirectUpload(upload), 'PERMISSION_DENIED')
        for (const each of [storage, secondStorage]) {
          const { name, size } = await each.completeDirectUpload(upload)
          assert.deepEqual([name, size], ['file', 100])
        }
        await context.isWhole('file', bytes(100))
        await storage.putFile(container, 'file', bytes(7))
        const other = await create(context, { size: 50 })
        await sendAll(context, other, bytes(50))
        const results = await Promise.allSettled([
          storage.completeDirectUpload(other),
          secondStorage.completeDirectUpload(other),
        ])
        for (const result of results) {
          if (result.status === 'rejected') isCode(result.reason, 'UPLOAD_NOT_FOUND', 'UNAVAILABLE', 'INVALID_PART')
        }
        assert.ok(results.some(({ status }) => status === 'fulfilled'))
        await context.isWhole('file', bytes(50))
      },
    },
    {
      id: 'S.8',
      name: 'a URL that is used after the completion changes nothing',
      needs: needsAll,
      async run(context) {
        const { storage } = context
        const partSize = partSizeFor(context)
        const content = bytes(partSize + 100)
        const upload = await create(context, { size: content.length })
        const parts = await storage.signDirectParts(upload)
        for (const part of parts) await sendPart(part, partOf(upload, content, part))
        const { etag } = await storage.completeDirectUpload(upload)
        for (const part of parts) await send(part, bytes(part.size ?? 0, 7))
        await context.isWhole('file', content)
        assert.equal((await storage.getFile(context.container, 'file')).etag, etag)
        assert.deepEqual(await context.names(), ['file'])
      },
    },
    {
      id: 'S.9',
      name: 'a part that is replaced during the completion never makes a file of another size',
      needs: needsAll,
      async run(context) {
        const { storage } = context
        for (const size of [100, 101]) {
          const upload = await create(context, { size: 100 })
          const [part] = await storage.signDirectParts(upload)
          assert.ok(part)
          await sendPart(part, bytes(100))
          const faulty = context.faulty()
          faulty.on('completeUpload', async (proceed, ...args) => {
            await send(part, bytes(size, 7))
            return proceed(...args)
          })
          const completion = await context
            .over(faulty)
            .completeDirectUpload(upload)
            .catch((error: unknown) => void isCode(error, 'INVALID_PART', 'UNAVAILABLE'))
          if (completion === undefined) await context.isAbsent('file')
          else {
            assert.equal((await storage.getFile(context.container, 'file')).size, 100)
            await storage.removeFile(context.container, 'file')
          }
          await storage.abortResumableUpload(upload)
        }
        await nothingLeft(context)
      },
    },
    {
      id: 'S.10',
      name: 'a URL is for one part of one upload, and for PUT only',
      needs: needsAll,
      async run(context) {
        const { storage, container } = context
        const upload = await create(context, { size: 100 })
        const other = await create(context, { size: 100 }, 'other')
        const [part] = await storage.signDirectParts(upload)
        const [foreign] = await storage.signDirectParts(other)
        assert.ok(part && foreign)
        for (const method of ['GET', 'DELETE']) {
          const response = await fetch(part.url, { method })
          await response.arrayBuffer()
          assert.ok(response.status >= 400, `${method}: status ${response.status}`)
        }
        const forged = new URL(part.url)
        forged.pathname = new URL(foreign.url).pathname
        const responses = [await send({ ...part, url: forged.href }, bytes(100))]
        const visible = new URL(part.url)
        visible.pathname = visible.pathname.replace(/[^/]+$/, 'visible')
        responses.push(await send({ ...part, url: visible.href }, bytes(100)))
        for (const { status } of responses) assert.ok(status >= 400 && status < 500, `status ${status}`)
        assert.deepEqual(await Array.fromAsync(storage.parts(other)), [])
        assert.deepEqual(await context.names(), [])
        const swapped = { ...upload, id: other.id }
        const completion = storage.completeDirectUpload(swapped)
        isCode(await completion.catch((error: unknown) => error), 'INVALID_PART', 'UPLOAD_NOT_FOUND')
        await rejects(storage.getFile(container, 'file'), 'FILE_NOT_FOUND')
      },
    },
    {
      id: 'S.11',
      name: 'an expired URL is rejected',
      needs: needsAll,
      async run(context) {
        const { storage } = context
        const upload = await create(context, { size: 100 })
        const [part] = await storage.signDirectParts(upload, { expiresIn: 1 })
        assert.ok(part)
        // The URL expires on the service's clock, which may count whole seconds.
        await delay(Math.max(0, part.expires.getTime() - Date.now()) + 1500)
        const { status } = await send(part, bytes(100))
        assert.ok(status >= 400 && status < 500, `status ${status}`)
        await rejects(storage.completeDirectUpload(upload), 'INVALID_PART')
      },
    },
    {
      id: 'S.12',
      name: 'conditions are checked at the completion',
      needs: all(needsAll, needs.create),
      async run(context) {
        const { storage } = context
        const upload = await create(context, { size: 100, ifNoneMatch: '*' })
        await sendAll(context, upload, bytes(100))
        await context.put('file', bytes(7))
        await rejects(storage.completeDirectUpload(upload), 'PRECONDITION_FAILED')
        await context.isWhole('file', bytes(7))
        await storage.abortResumableUpload(upload)
        await nothingLeft(context)
      },
    },
    {
      id: 'S.13',
      name: 'of an upload that is aborted or purged, nothing is left',
      needs: needsAll,
      async run(context) {
        const { storage } = context
        const partSize = partSizeFor(context)
        const upload = await create(context, { size: partSize + 100 })
        const [part] = await storage.signDirectParts(upload)
        assert.ok(part)
        await sendPart(part, bytes(partSize))
        await storage.abortResumableUpload(upload)
        await rejects(storage.completeDirectUpload(upload), 'UPLOAD_NOT_FOUND')
        const stale = await create(context, { size: 100 })
        await sendAll(context, stale, bytes(100))
        const purged = await storage.purgeUploads(context.container)
        assert.deepEqual(
          purged.map(({ id }) => id),
          [stale.id],
        )
        await rejects(storage.completeDirectUpload(stale), 'UPLOAD_NOT_FOUND')
        await context.nothingOf('file')
        await nothingLeft(context)
      },
    },
    {
      id: 'S.14',
      name: 'a URL cannot copy another file into a part',
      needs: needsAll,
      async run(context) {
        const { storage } = context
        const other = await context.newContainer()
        await storage.putFile(other, 'file', bytes(100, 3))
        const upload = await create(context, { size: 100 })
        const [part] = await storage.signDirectParts(upload)
        assert.ok(part)
        const source = `/${other}/file`
        for (const header of ['X-Amz-Copy-Source', 'X-Copy-From', 'X-Object-Manifest', 'X-Ms-Copy-Source']) {
          await send(part, bytes(100), { [header]: source })
          const parts = await Array.fromAsync(storage.parts(upload))
          if (parts.length === 0) continue
          await storage.completeDirectUpload(upload)
          assert.notDeepEqual(await context.read('file'), Buffer.from(bytes(100, 3)), `${header} copied a file`)
          return
        }
      },
    },
    {
      id: 'S.15',
      name: 'invalid numbers and times are rejected before any I/O',
      needs: needsAll,
      async run(context) {
        const upload = await create(context, { size: partSizeFor(context) + 100 })
        const faulty = context.faulty()
        const storage = context.over(faulty)
        const { directUploads } = context.capabilities
        if (!directUploads) return
        for (const options of [
          { from: 0 },
          { from: 3 },
          { to: 3 },
          { to: 1.5 },
          { from: '1' as unknown as number },
          { expiresIn: 0 },
          { expiresIn: directUploads.maxExpiresIn + 1 },
        ]) {
          await rejects(storage.signDirectParts(upload, options), 'INVALID_ARGUMENT')
        }
        await rejects(storage.signDirectParts({ ...upload, key: 'x' }), 'INVALID_ARGUMENT')
        assert.deepEqual(faulty.calls, [])
      },
    },
    {
      id: 'S.16',
      name: 'parts that arrive after an abort make no file, and a purge deletes them',
      needs: needsAll,
      async run(context) {
        const { storage } = context
        const partSize = partSizeFor(context)
        const content = bytes(partSize + 100)
        const upload = await create(context, { size: content.length })
        const parts = await storage.signDirectParts(upload)
        const sendEach = () => Promise.all(parts.map((part) => send(part, partOf(upload, content, part))))
        await sendEach()
        await storage.abortResumableUpload(upload)
        const statuses = (await sendEach()).map(({ status }) => status)
        const { acceptsLateParts } = context.capabilities.directUploads ?? {}
        if (!acceptsLateParts)
          assert.ok(
            statuses.every((status) => status >= 400 && status < 500),
            `${statuses}`,
          )
        await rejects(storage.completeDirectUpload(upload), 'UPLOAD_NOT_FOUND')
        await rejects(storage.getResumableUpload(upload), 'UPLOAD_NOT_FOUND')
        await storage.abortResumableUpload(upload)
        await sendEach()
        await nothingLeft(context)
        await context.nothingLeft()
        await context.nothingOf('file')
      },
    },
  ],
}
