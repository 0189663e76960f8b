/**
 * Reads files. An open descriptor is a version. If a version's attributes no longer exist, the
 * version was replaced too.
 */
import type { BigIntStats } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import {
  checkReadConditions,
  type DirectReadable,
  type FileInfo,
  type OpenCallOptions,
  type OpenFile,
  type ReadCallOptions,
  type ResolvedRange,
  resolveRange,
  StorageError,
} from '@stowage/core/provider'
import { fstat, ignoreFailure, readFully } from './disk/system.js'
import { defaultAttributes, fileInfo, type StoredAttributes } from './files/attributes.js'
import { type DiskLocation, locationOf } from './files/locations.js'
import { mayHaveAttributes, versionOf } from './files/versions.js'
import type { Workspace } from './files/workspace.js'
import { errno, isAbsence, throwIfAborted, translate, versionChanged } from './mapping/errors.js'

/**
 * Bytes. Files and ranges up to this size are read when they are opened, and no descriptor stays
 * open.
 */
const smallBytes = 65_536

/**
 * Bytes of the chunks of all open streams of this process together. With many streams, chunks are
 * smaller.
 */
const chunksBytes = 16_777_216
const smallestChunk = 65_536

/** Milliseconds. Longer than one tick of a file system's clock. */
const tickMilliseconds = 20

/** How often a file is opened again if it is replaced at the same moment. */
const maxAttempts = 1000

export interface OpenVersion {
  readonly fd: number
  readonly stats: BigIntStats
  readonly stored: StoredAttributes
}

/**
 * Opens the file's current version and reads its attributes. The caller closes the descriptor.
 *
 * @param moves Whether the caller moves the file. It then holds the file's lock, and may set its
 *   time.
 */
export async function openVersion(
  workspace: Workspace,
  location: DiskLocation,
  signal: AbortSignal,
  moves = false,
): Promise<OpenVersion> {
  const mayReappear = async () => !moves && (await workspace.mayReappear(location, signal))
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    throwIfAborted(signal)
    using directory = await workspace.directories.acquire(location.directory)
    if (directory === undefined) {
      if (await mayReappear()) continue
      throw await workspace.notFoundError(location)
    }
    let fd: number
    try {
      fd = await workspace.directories.direct.openForReading(directory.at(location.entry), moves)
    } catch (error) {
      // ENXIO: a socket.
      if (!isAbsence(error) && errno(error) !== 'ENXIO') throw error
      if (await mayReappear()) continue
      throw await workspace.notFoundError(location)
    }
    try {
      const stats = fstat(fd)
      if (!stats.isFile()) throw await workspace.notFoundError(location)
      const stored = await findStored(workspace, location, stats, directory.at(location.entry))
      if (stored !== undefined) return { fd, stats, stored }
    } catch (error) {
      workspace.directories.discard(fd)
      throw error
    }
    workspace.directories.discard(fd)
  }
  throw new StorageError('UNAVAILABLE', 'the file is replaced faster than it can be opened')
}

export async function getFile(
  workspace: Workspace,
  container: string,
  file: string,
  options: ReadCallOptions,
): Promise<FileInfo> {
  const location = locationOf(container, file)
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    throwIfAborted(options.signal)
    using directory = await workspace.directories.acquire(location.directory)
    const stats = directory && (await workspace.directories.direct.lstatIfExists(directory.at(location.entry)))
    if (directory === undefined || stats === undefined || !stats.isFile()) {
      if (stats === undefined && (await workspace.mayReappear(location, options.signal))) continue
      throw await workspace.notFoundError(location)
    }
    const stored = await findStored(workspace, location, stats, directory.at(location.entry))
    if (stored === undefined) continue
    const info = fileInfo(location, stats, stored)
    checkReadConditions(info, options.conditions)
    return info
  }
  throw new StorageError('UNAVAILABLE', 'the file is replaced faster than it can be read')
}

/**
 * Returns the attributes of a version, or `undefined` if the version no longer exists and they are
 * unknown.
 */
async function findStored(
  workspace: Workspace,
  location: DiskLocation,
  stats: BigIntStats,
  path: string,
): Promise<StoredAttributes | undefined> {
  const byName = { attributes: defaultAttributes(location.file), checksums: {} }
  if (!mayHaveAttributes(stats)) return byName
  const started = Date.now()
  const stored = await workspace.attributes.find(location, stats)
  if (stored !== undefined) return stored
  // The version never had any, or it was replaced or moved together with its attributes.
  if (!(await isUnmoved(workspace, path, stats))) return undefined
  if (started - Number(stats.ctimeMs) > tickMilliseconds) return byName
  // It may have been moved away and back within one tick of the clock.
  await delay(tickMilliseconds)
  const found = await workspace.attributes.find(location, stats)
  if (found !== undefined) return found
  return (await isUnmoved(workspace, path, stats)) ? byName : undefined
}

/**
 * Returns whether the version is still at the path and was not renamed since: a rename sets the
 * inode's change time.
 */
async function isUnmoved(workspace: Workspace, path: string, stats: BigIntStats): Promise<boolean> {
  const present = await workspace.directories.direct.lstatIfExists(path)
  return (
    present !== undefined &&
    present.ino === stats.ino &&
    present.ctimeNs === stats.ctimeNs &&
    versionOf(present) === versionOf(stats)
  )
}

export async function openFile(
  workspace: Workspace,
  container: string,
  file: string,
  options: OpenCallOptions,
): Promise<OpenFile> {
  const location = locationOf(container, file)
  const { fd, stats, stored } = await openVersion(workspace, location, options.signal)
  let streaming = false
  try {
    const info = fileInfo(location, stats, stored)
    checkReadConditions(info, options.conditions)
    const range = resolveRange(options.range, info.size)
    if (range.length <= smallBytes) {
      const bytes = Buffer.allocUnsafe(range.length)
      const read = await workspace.directories.direct.readFully(fd, bytes, range.offset)
      if (read < range.length || hasChanged(fd, stats)) throw versionChanged()
      return { info, ...range, bytes }
    }
    const stream = new FileStream(workspace, fd, stats, range)
    streaming = true
    return { info, ...range, stream }
  } finally {
    if (!streaming) workspace.directories.discard(fd)
  }
}

const hasChanged = (fd: number, stats: BigIntStats): boolean => versionOf(fstat(fd)) !== versionOf(stats)

let openStreams = 0

/** Streams a range of one version. The last bytes are sent only if the version did not change. */
class FileStream extends Readable implements DirectReadable {
  readonly #workspace: Workspace
  readonly #fd: number
  readonly #stats: BigIntStats
  readonly #end: number
  #position: number
  #reading: Promise<void> | undefined

  constructor(workspace: Workspace, fd: number, stats: BigIntStats, { offset, length }: ResolvedRange) {
    // One chunk is buffered while the previous one is used, whatever their size.
    super({ highWaterMark: 1 })
    this.#workspace = workspace
    this.#fd = fd
    this.#stats = stats
    this.#position = offset
    this.#end = offset + length
    openStreams++
  }

  override _read(): void {
    this.#reading = this.#readChunk().then(
      (chunk) => {
        this.#reading = undefined
        if (this.destroyed) return
        this.push(chunk)
        if (this.#position === this.#end) this.push(null)
      },
      (error: unknown) => {
        this.#reading = undefined
        this.destroy(translate(error) as Error)
      },
    )
  }

  async #readChunk(): Promise<Buffer> {
    const share = Math.max(smallestChunk, Math.floor(chunksBytes / openStreams))
    const chunk = Buffer.allocUnsafeSlow(Math.min(this.#workspace.options.chunkSize, share, this.#end - this.#position))
    await this.#fill(chunk)
    return chunk
  }

  readInto(buffer: Buffer): Promise<number> {
    const target = buffer.subarray(0, Math.min(buffer.length, this.#end - this.#position))
    if (target.length === 0) return Promise.resolve(0)
    const filling = this.#fill(target)
    const reading = filling.then(ignoreFailure, ignoreFailure).finally(() => {
      this.#reading = undefined
    })
    this.#reading = reading
    return filling.then(
      () => target.length,
      (error: unknown) => {
        throw translate(error)
      },
    )
  }

  async #fill(chunk: Buffer): Promise<void> {
    const bytes = await readFully(this.#fd, chunk, this.#position)
    this.#position += bytes
    if (bytes < chunk.length || (this.#position === this.#end && hasChanged(this.#fd, this.#stats))) {
      throw versionChanged()
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    openStreams--
    // A descriptor is not closed during a read: its number might be reused for another file before
    // the read begins.
    const close = () => {
      this.#workspace.directories.discard(this.#fd)
      callback(error)
    }
    if (this.#reading === undefined) close()
    else void this.#reading.then(close)
  }
}
