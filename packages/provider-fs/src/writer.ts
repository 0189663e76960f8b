/** Writes a body to a temporary file in large writes, and commits the complete file. */
import type { ProviderBody, PutCallOptions, WrittenFile } from '@stowage/core/provider'
import { checkWriteConditions, freeChunk } from '@stowage/core/provider'
import type { DirectCalls } from './disk/direct.js'
import { ignoreFailure } from './disk/system.js'
import { TemporaryFile } from './disk/temporary.js'
import { commit, currentVersion } from './files/commit.js'
import { locationOf } from './files/locations.js'
import { etagOf } from './files/versions.js'
import type { Workspace } from './files/workspace.js'
import { BodyFailure, throwIfAborted } from './mapping/errors.js'

export async function putFile(
  workspace: Workspace,
  container: string,
  file: string,
  body: ProviderBody,
  options: PutCallOptions,
): Promise<WrittenFile> {
  const location = locationOf(container, file)
  const { attributes, checksums, conditions, signal } = options
  // A missing container fails now, before the body is sent. The check at the end decides.
  const held =
    (await workspace.directories.acquireCached([location.container])) ??
    (await workspace.acquireContainer(location.container))
  held[Symbol.dispose]()
  workspace.cleaner.startOnce()
  // A failed condition fails now, before the body is sent. The check at the end decides.
  if (conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined) {
    let present = await currentVersion(workspace, location)
    while (present === undefined && (await workspace.mayReappear(location, signal))) {
      present = await currentVersion(workspace, location)
    }
    checkWriteConditions(present && { etag: etagOf(present) }, conditions)
  }
  await using content = await TemporaryFile.create(workspace.directories)
  await writeBody(content.fd, 0, body, {
    direct: workspace.directories.direct,
    signal,
    chunkSize: workspace.options.chunkSize,
  })
  return await commit(workspace, location, content, { attributes, checksums, conditions, signal })
}

export interface WriteBodyOptions {
  readonly direct: DirectCalls
  readonly signal: AbortSignal
  /** Bytes of one write. */
  readonly chunkSize: number
  /** Called with the size of the body before the bytes are written. */
  readonly check?: (size: number) => void
}

/** Bytes of one write of a body in memory. An abort takes effect between two writes. */
const sliceBytes = 16_777_216

/**
 * Writes a body to an open file at a position. Returns its size in bytes. The source may reuse the
 * bytes of a chunk when the next one is requested.
 */
export async function writeBody(
  fd: number,
  position: number,
  body: ProviderBody,
  options: WriteBodyOptions,
): Promise<number> {
  const { direct, signal, chunkSize, check } = options
  if (body instanceof Uint8Array) {
    check?.(body.length)
    for (let start = 0; start < body.length; start += sliceBytes) {
      throwIfAborted(signal)
      await direct.writeFully(fd, body.subarray(start, start + sliceBytes), position + start)
    }
    return body.length
  }
  const chunks = body[Symbol.asyncIterator]()
  const writer = new ChunkWriter(direct, fd, position, chunkSize)
  let ended = false
  const failed = (error: unknown) => {
    ended = true
    throw new BodyFailure(error)
  }
  try {
    for (;;) {
      throwIfAborted(signal)
      const { done, value: chunk } = await chunks.next().catch(failed)
      if (done) break
      check?.(writer.size + chunk.length)
      const writing = writer.add(chunk)
      if (writing !== undefined) await writing
      freeChunk(chunk)
    }
    ended = true
    await writer.flush()
    return writer.size
  } finally {
    // Not awaited, because a stalled body would delay the error that ended the loop.
    if (!ended) chunks.return?.().catch(ignoreFailure)
    await writer.close()
  }
}

/**
 * Bytes of the buffers of all writers of this process. Beyond that, writers write chunks as they
 * arrive.
 */
const maxBufferBytes = 8_388_608
const maxSpareBuffers = 4
let bufferBytes = 0
const spareBuffers: Buffer[] = []

function takeBuffer(size: number): Buffer | undefined {
  const spare = spareBuffers.at(-1)?.length === size ? spareBuffers.pop() : undefined
  if (spare === undefined && bufferBytes + size > maxBufferBytes) {
    // Unused buffers of another size may use the memory.
    while (spareBuffers.length > 0) bufferBytes -= spareBuffers.pop()?.length ?? 0
    if (bufferBytes + size > maxBufferBytes) return undefined
  }
  if (spare === undefined) bufferBytes += size
  return spare ?? Buffer.allocUnsafeSlow(size)
}

function giveBuffer(buffer: Buffer): void {
  if (spareBuffers.length < maxSpareBuffers) spareBuffers.push(buffer)
  else bufferBytes -= buffer.length
}

/** Bytes of a body's first buffer. Most files are small, and do not need a large buffer. */
const firstBytes = 2048

/**
 * Collects chunks in a buffer, and writes it when it is full while the next one fills. Large chunks
 * are written directly, and so are all chunks if no buffer is available.
 */
class ChunkWriter {
  readonly #direct: DirectCalls
  readonly #fd: number
  readonly #chunkSize: number
  readonly #buffers: Buffer[] = []
  #position: number
  /** The first buffer until it is full; `undefined` if no other is available. */
  #buffer: Buffer | undefined
  #isFirst = true
  #filled = 0
  #writing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined
  size = 0

  constructor(direct: DirectCalls, fd: number, position: number, chunkSize: number) {
    this.#direct = direct
    this.#fd = fd
    this.#position = position
    this.#chunkSize = chunkSize
    this.#buffer = Buffer.allocUnsafe(Math.min(firstBytes, chunkSize))
  }

  /** Adds a chunk. Await the returned promise, if any, before the chunk's bytes change. */
  add(chunk: Uint8Array): Promise<void> | undefined {
    this.size += chunk.length
    if (this.#buffer === undefined || this.#filled + chunk.length > this.#buffer.length) return this.#addSlowly(chunk)
    this.#buffer.set(chunk, this.#filled)
    this.#filled += chunk.length
    return undefined
  }

  async #addSlowly(chunk: Uint8Array): Promise<void> {
    if (this.#isFirst) await this.#leaveFirst()
    if (this.#filled > 0 || chunk.length < this.#chunkSize) this.#buffer ??= this.#take()
    let rest = chunk
    while (this.#buffer !== undefined && this.#filled + rest.length > this.#buffer.length) {
      if (this.#filled === 0) break
      const fits = this.#buffer.length - this.#filled
      this.#buffer.set(rest.subarray(0, fits), this.#filled)
      this.#filled += fits
      rest = rest.subarray(fits)
      await this.#writeBuffer()
    }
    if (this.#buffer !== undefined && this.#filled + rest.length <= this.#buffer.length) {
      this.#buffer.set(rest, this.#filled)
      this.#filled += rest.length
    } else if (rest.length > 0) {
      await this.#settle()
      await this.#write(rest)
    }
  }

  async #leaveFirst(): Promise<void> {
    this.#isFirst = false
    const content = this.#buffer?.subarray(0, this.#filled) ?? Buffer.alloc(0)
    this.#buffer = this.#filled === 0 ? undefined : this.#take()
    if (this.#buffer !== undefined) this.#buffer.set(content)
    else {
      this.#filled = 0
      await this.#write(content)
    }
  }

  /** At most two buffers: one is written while the other is filled. */
  #take(): Buffer | undefined {
    if (this.#buffers.length >= 2) return undefined
    const buffer = takeBuffer(this.#chunkSize)
    if (buffer !== undefined) this.#buffers.push(buffer)
    return buffer
  }

  async #writeBuffer(): Promise<void> {
    await this.#settle()
    const full = this.#buffer
    if (full === undefined) return
    const filled = this.#filled
    this.#filled = 0
    this.#writing = this.#write(full.subarray(0, filled)).catch((error: unknown) => {
      this.#failure = { error }
    })
    this.#buffer = this.#buffers.find((buffer) => buffer !== full) ?? this.#take()
    if (this.#buffer !== undefined) return
    await this.#settle()
    this.#buffer = full
  }

  async #settle(): Promise<void> {
    await this.#writing
    this.#writing = undefined
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const position = this.#position
    this.#position += bytes.length
    await this.#direct.writeFully(this.#fd, bytes, position)
  }

  async flush(): Promise<void> {
    await this.#settle()
    if (this.#buffer !== undefined) await this.#write(this.#buffer.subarray(0, this.#filled))
    this.#filled = 0
  }

  /** Returns the buffers after the last write. */
  async close(): Promise<void> {
    await this.#writing
    for (const buffer of this.#buffers) giveBuffer(buffer)
  }
}
