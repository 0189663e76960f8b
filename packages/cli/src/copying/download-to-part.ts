/**
 * A download of a large file into a `.part` file. The next attempt appends the bytes that it lacks,
 * if the source still has the same ETag.
 *
 * No lock is needed. A process takes over a `.part` file by renaming it, and only one rename
 * succeeds. If the process that began it still runs, both write the same bytes at the same
 * positions, and its own rename to the target fails.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type FileInfo, StorageError, type StorageService } from '@stowage/core'
import { isSystemError } from '../failures/failures.js'
import { formatBytes } from '../terminal/progress.js'
import { partPath, type TargetFile } from './atomic-file.js'
import type { CopyRecord, Resumption } from './resumption.js'

interface PartDownload {
  readonly storage: StorageService
  readonly container: string
  readonly file: string
  readonly info: FileInfo
  /** How messages name the source. */
  readonly name: string
  readonly target: TargetFile
  readonly record: CopyRecord
  readonly resumption: Resumption
  readonly signal: AbortSignal
  readonly onResumed: (bytes: number) => void
  readonly onBytes: (bytes: number) => void
}

/** Returns the size of the file. */
export async function downloadToPart(job: PartDownload): Promise<number> {
  const { info, name, target, record, resumption, signal } = job
  const { size } = info
  const part = partPath(target.path)
  const offset = await takeOver(job, part)
  let bytes = offset
  try {
    {
      await using handle = await open(part, offset === 0 ? 'w' : 'r+')
      if (target.mode !== undefined) await handle.chmod(target.mode)
      await receive(job, handle, offset, (count) => {
        bytes = count
      })
    }
    // The stream has verified a file that it read from the beginning.
    if (offset > 0) await verify(part, info)
    signal.throwIfAborted()
    await rename(part, target.path)
    await record.remove()
    return size
  } catch (error) {
    if (record.isWritten && resumption.isWorthKeeping(error)) resumption.keep(name, bytes, size)
    else {
      await rm(part, { force: true })
      await record.remove()
    }
    throw error
  }
}

/**
 * Gives the `.part` file of an earlier attempt a new name. Returns its size; 0 if there is none for
 * this content.
 */
async function takeOver(job: PartDownload, part: string): Promise<number> {
  const { info, name, record, resumption } = job
  const { size, etag } = info
  const found = await record.read('download')
  const fresh = { kind: 'download', size, etag, part } as const
  const isSame = found?.etag === etag && found.size === size
  for (const earlier of [found?.part, found?.previous]) {
    if (found === undefined || earlier === undefined || !(await isFile(earlier))) continue
    if (!isSame || dirname(earlier) !== dirname(part)) {
      if (!isSame) resumption.notice(name, 'has changed since its download was interrupted: starting over')
      await rm(earlier, { force: true })
      continue
    }
    await record.write({ ...fresh, previous: earlier })
    if (!(await renamed(earlier, part))) continue
    const { size: bytes } = await stat(part)
    const offset = bytes > size ? 0 : bytes
    resumption.notice(name, `continuing at ${formatBytes(offset)} of ${formatBytes(size)}`)
    job.onResumed(offset)
    return offset
  }
  await record.write(fresh)
  return 0
}

async function receive(
  { storage, container, file, info, signal, onBytes }: PartDownload,
  handle: FileHandle,
  offset: number,
  onOffset: (bytes: number) => void,
): Promise<void> {
  let bytes = offset
  onBytes(bytes)
  if (offset === info.size) return
  const range = offset === 0 ? { verify: true } : { range: { start: offset } }
  await using opened = await storage.openFile(container, file, { signal, ifMatch: info.etag, ...range })
  for await (const chunk of opened.stream as AsyncIterable<Uint8Array>) {
    await writeAt(handle, chunk, bytes)
    bytes += chunk.length
    onBytes(bytes)
    onOffset(bytes)
  }
}

async function writeAt(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, written, chunk.length - written, position + written)
    written += bytesWritten
  }
}

/**
 * Compares a file that was downloaded in several attempts with the service's checksum, if it has
 * one.
 */
async function verify(path: string, { checksums, size }: FileInfo): Promise<void> {
  const { size: bytes } = await stat(path)
  if (bytes !== size) throw new StorageError('SIZE_MISMATCH', `the download has ${bytes} bytes, not ${size}`)
  const algorithm = (['sha256', 'md5'] as const).find((name) => checksums[name] !== undefined)
  if (algorithm === undefined) return
  const hash = createHash(algorithm)
  await pipeline(createReadStream(path), hash)
  if (hash.digest('hex') !== checksums[algorithm]) {
    throw new StorageError('CHECKSUM_MISMATCH', `the download's ${algorithm} differs from the service's`)
  }
}

/** Deletes what an interrupted download has left, and its record. */
export async function discardDownload(record: CopyRecord): Promise<void> {
  const found = await record.read('download')
  for (const path of [found?.part, found?.previous]) if (path !== undefined) await rm(path, { force: true })
  await record.remove()
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return false
    throw error
  }
}
