/**
 * Reading: a descriptor is the version. Attributes are looked up for that very version, and when they are gone the version is too.
 */
import { type BigIntStats, constants } from 'node:fs'
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
import { changedMeanwhile, errno, isAbsence, throwIfAborted, translate } from './errors.js'
import { defaultAttributes, fileInfo, type Kept } from './files/attributes.js'
import { type Place, placeOf } from './files/places.js'
import { mayHaveAttributes, versionOf } from './files/versions.js'
import type { Workspace } from './files/workspace.js'

/** Bytes: files and ranges up to this are read while they are opened, and nothing stays open. */
const smallBytes = 65_536

/** Bytes of one chunk of each open stream of this process together: with many of them, chunks get smaller. */
const chunksBytes = 16_777_216
const smallestChunk = 65_536

/** Milliseconds: longer than file systems' clocks take for a tick. */
const tickMilliseconds = 20

/** How often a file is opened again that is replaced at the same moment. */
const maxTries = 1000

/** Not followed when it is a symbolic link, and not waited for when it is a pipe. */
const openForReading = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

export interface OpenVersion {
  readonly fd: number
  readonly stats: BigIntStats
  readonly kept: Kept
}

/** Opens the file's present version, with the attributes that belong to it. The caller closes the descriptor. */
export async function openVersion(workspace: Workspace, place: Place, signal: AbortSignal): Promise<OpenVersion> {
  for (let tries = 1; tries <= maxTries; tries++) {
    throwIfAborted(signal)
    using directory = await workspace.directories.hold(place.directory)
    if (directory === undefined) throw await workspace.notFound(place)
    let fd: number
    try {
      fd = await workspace.directories.direct.open(directory.at(place.entry), openForReading)
    } catch (error) {
      // ENXIO: a socket.
      if (isAbsence(error) || errno(error) === 'ENXIO') throw await workspace.notFound(place)
      throw error
    }
    try {
      const stats = fstat(fd)
      if (!stats.isFile()) throw await workspace.notFound(place)
      const kept = await keptWith(workspace, place, stats, directory.at(place.entry))
      if (kept !== undefined) return { fd, stats, kept }
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
  const place = placeOf(container, file)
  for (let tries = 1; tries <= maxTries; tries++) {
    throwIfAborted(options.signal)
    using directory = await workspace.directories.hold(place.directory)
    const stats = directory && (await workspace.directories.direct.lstatIfThere(directory.at(place.entry)))
    if (directory === undefined || stats === undefined || !stats.isFile()) throw await workspace.notFound(place)
    const kept = await keptWith(workspace, place, stats, directory.at(place.entry))
    if (kept === undefined) continue
    const info = fileInfo(place, stats, kept)
    checkReadConditions(info, options.conditions)
    return info
  }
  throw new StorageError('UNAVAILABLE', 'the file is replaced faster than it can be looked at')
}

/** What is kept with a version; `undefined` when the version is not there any more and nobody knows. */
async function keptWith(
  workspace: Workspace,
  place: Place,
  stats: BigIntStats,
  path: string,
): Promise<Kept | undefined> {
  const byName = { attributes: defaultAttributes(place.file), checksums: {} }
  if (!mayHaveAttributes(stats)) return byName
  const started = Date.now()
  const kept = await workspace.attributes.find(place, stats)
  if (kept !== undefined) return kept
  // Either there never were any, or the version was replaced or moved away, and its attributes went with it.
  if (!(await isUnmoved(workspace, path, stats))) return undefined
  if (started - Number(stats.ctimeMs) > tickMilliseconds) return byName
  // Moved away and back within one tick of that clock, perhaps.
  await delay(tickMilliseconds)
  const found = await workspace.attributes.find(place, stats)
  if (found !== undefined) return found
  return (await isUnmoved(workspace, path, stats)) ? byName : undefined
}

/** Whether the version is at the path, and nobody has renamed it since it was seen: that sets the time of the inode's change. */
async function isUnmoved(workspace: Workspace, path: string, stats: BigIntStats): Promise<boolean> {
  const present = await workspace.directories.direct.lstatIfThere(path)
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
  const place = placeOf(container, file)
  const { fd, stats, kept } = await openVersion(workspace, place, options.signal)
  let streaming = false
  try {
    const info = fileInfo(place, stats, kept)
    checkReadConditions(info, options.conditions)
    const range = resolveRange(options.range, info.size)
    if (range.length <= smallBytes) {
      const bytes = Buffer.allocUnsafe(range.length)
      const read = await workspace.directories.direct.readFully(fd, bytes, range.offset)
      if (read < range.length || hasChanged(fd, stats)) throw changedMeanwhile()
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

/** The bytes of a part of one version. The last ones are given only when the version has stayed as it was. */
class FileStream extends Readable implements DirectReadable {
  readonly #workspace: Workspace
  readonly #fd: number
  readonly #stats: BigIntStats
  readonly #end: number
  #position: number
  #reading: Promise<void> | undefined

  constructor(workspace: Workspace, fd: number, stats: BigIntStats, { offset, length }: ResolvedRange) {
    // One chunk waits while the one before it is used, whatever their size.
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
    const room = buffer.subarray(0, Math.min(buffer.length, this.#end - this.#position))
    if (room.length === 0) return Promise.resolve(0)
    const filling = this.#fill(room)
    const reading = filling.then(ignoreFailure, ignoreFailure).finally(() => {
      this.#reading = undefined
    })
    this.#reading = reading
    return filling.then(
      () => room.length,
      (error: unknown) => {
        throw translate(error)
      },
    )
  }

  async #fill(chunk: Buffer): Promise<void> {
    const bytes = await readFully(this.#fd, chunk, this.#position)
    this.#position += bytes
    if (bytes < chunk.length || (this.#position === this.#end && hasChanged(this.#fd, this.#stats))) {
      throw changedMeanwhile()
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    openStreams--
    // A descriptor that is being read is not closed: its number might be another file's before the read begins.
    const close = () => {
      this.#workspace.directories.discard(this.#fd)
      callback(error)
    }
    if (this.#reading === undefined) close()
    else void this.#reading.then(close)
  }
}
