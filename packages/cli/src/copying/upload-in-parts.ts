/**
 * An upload of a large local file in parts. The next attempt sends only the parts that the service
 * does not have.
 */
import type { FileHandle } from 'node:fs/promises'
import {
  contentTypeByContent,
  contentTypeByName,
  isStorageError,
  type PartUpload,
  type StorageService,
  type UploadedPart,
} from '@stowage/core'
import { defined, inParallel } from '@stowage/core/provider'
import { formatBytes } from '../terminal/progress.js'
import type { CopyRecord, Resumption, UploadRecord } from './resumption.js'

/** Parts that are sent at the same time. */
const parallelism = 4
/** Bytes of the parts in memory. */
const maxBuffered = 64 * 1024 * 1024
/** Bytes from which a content type is detected. */
const detectionBytes = 4100

interface PartsUpload {
  readonly storage: StorageService
  readonly container: string
  readonly file: string
  readonly handle: FileHandle
  /** How messages name the source. */
  readonly name: string
  readonly record: CopyRecord
  readonly resumption: Resumption
  readonly signal: AbortSignal
  /** Called with the bytes that an earlier attempt has stored. */
  readonly onResumed: (bytes: number) => void
  /** Called with all bytes that are stored so far. */
  readonly onBytes: (bytes: number) => void
}

/** Returns the size of the stored file. */
export async function uploadInParts(job: PartsUpload): Promise<number> {
  const { size, mtimeNs } = await job.handle.stat({ bigint: true })
  const source = { size: Number(size), modified: String(mtimeNs) }
  const earlier = await earlierUpload(job, source)
  const started = earlier ?? { upload: await startUpload(job, source), parts: [] }
  try {
    return await send(job, source, started)
  } catch (error) {
    if (!isStorageError(error, 'UPLOAD_NOT_FOUND') || earlier === undefined) throw error
    // Another process has completed or aborted it.
    job.resumption.notice(job.name, 'the interrupted upload is gone: starting over')
    job.onResumed(0)
    return send(job, source, { upload: await startUpload(job, source), parts: [] })
  }
}

type Source = Pick<UploadRecord, 'size' | 'modified'>

interface Started {
  readonly upload: PartUpload
  readonly parts: readonly UploadedPart[]
}

/** Returns the interrupted upload of the same content, with the parts that are stored. */
async function earlierUpload(job: PartsUpload, { size, modified }: Source): Promise<Started | undefined> {
  const { storage, record, resumption, name, signal } = job
  const found = await record.read('upload')
  if (found === undefined) return undefined
  const { upload } = found
  if (found.size !== size || found.modified !== modified) {
    resumption.notice(name, 'has changed since its upload was interrupted: starting over')
    await discardUpload(storage, upload, record)
    return undefined
  }
  try {
    const stored = await Array.fromAsync(storage.parts(upload, { signal }))
    const parts = stored.filter(({ partNumber, size: bytes }) => bytes === partRange(upload, partNumber, size).length)
    const bytes = parts.reduce((sum, part) => sum + part.size, 0)
    resumption.notice(name, `continuing at ${formatBytes(bytes)} of ${formatBytes(size)}`)
    job.onResumed(bytes)
    return { upload, parts }
  } catch (error) {
    if (!isStorageError(error, 'UPLOAD_NOT_FOUND')) throw error
    resumption.notice(name, 'the interrupted upload is gone: starting over')
    return undefined
  }
}

async function startUpload(job: PartsUpload, { size, modified }: Source): Promise<PartUpload> {
  const { storage, container, file, handle, record, signal } = job
  const start = Buffer.alloc(detectionBytes)
  await handle.read(start, 0, detectionBytes, 0)
  const contentType = contentTypeByName(file) ?? (await contentTypeByContent(start))
  const upload = await storage.startUpload(container, file, { size, signal, ...defined({ contentType }) })
  await record.write({ kind: 'upload', size, modified, upload })
  return upload
}

async function send(job: PartsUpload, { size }: Source, { upload, parts }: Started): Promise<number> {
  const { storage, handle, record, resumption, name, signal, onBytes } = job
  const stored = new Map(parts.map((part) => [part.partNumber, part]))
  let bytes = parts.reduce((sum, part) => sum + part.size, 0)
  onBytes(bytes)
  const missing = Array.from({ length: Math.ceil(size / upload.partSize) }, (_, index) => index + 1).filter(
    (partNumber) => !stored.has(partNumber),
  )
  const atOnce = Math.max(1, Math.min(parallelism, Math.floor(maxBuffered / upload.partSize)))
  try {
    await inParallel(
      missing,
      atOnce,
      async (partNumber, partSignal) => {
        const content = await readPart(handle, partRange(upload, partNumber, size))
        stored.set(partNumber, await storage.uploadPart(upload, partNumber, content, { signal: partSignal }))
        bytes += content.length
        onBytes(bytes)
      },
      signal,
    )
    const inOrder = [...stored.values()].sort((a, b) => a.partNumber - b.partNumber)
    const written = await storage.completeUpload(upload, inOrder, { signal })
    await record.remove()
    return written.size
  } catch (error) {
    if (record.isWritten && resumption.isWorthKeeping(error)) resumption.keep(name, bytes, size)
    else await discardUpload(storage, upload, record)
    throw error
  }
}

/** Deletes what an earlier attempt has stored. */
export async function discardEarlierUpload(storage: StorageService, record: CopyRecord): Promise<void> {
  const found = await record.read('upload')
  if (found !== undefined) await discardUpload(storage, found.upload, record)
}

/** Deletes an upload and its record. If the service fails, the parts stay until it removes them. */
async function discardUpload(storage: StorageService, upload: PartUpload, record: CopyRecord): Promise<void> {
  await storage.abortUpload(upload).catch(() => undefined)
  await record.remove()
}

function partRange({ partSize }: PartUpload, partNumber: number, size: number) {
  const start = (partNumber - 1) * partSize
  return { start, length: Math.max(0, Math.min(partSize, size - start)) }
}

async function readPart(handle: FileHandle, { start, length }: ReturnType<typeof partRange>): Promise<Buffer> {
  const content = Buffer.allocUnsafe(length)
  for (let read = 0; read < length; ) {
    const { bytesRead } = await handle.read(content, read, length - read, start + read)
    if (bytesRead === 0) throw new Error('the file became shorter while it was copied')
    read += bytesRead
  }
  return content
}
