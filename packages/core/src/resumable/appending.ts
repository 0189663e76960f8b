/** One body on its way into a resumable upload. */
import { isStorageError, StorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import type { UploadedPart } from '../contract/provider.js'
import { freeChunk } from '../kit/chunk-memory.js'
import { isFinalRefusal } from '../policy/refusal.js'
import type { UploadGuard } from '../policy/upload-guard.js'
import type { BodyChecksum } from '../service/options.js'
import type { CheckedBody } from '../upload/body.js'
import { giveBack, takeBuffer } from '../upload/part-buffers.js'
import { type Piece, pieceName } from './hidden-names.js'
import type { ResumableUpload, ResumableUploadState } from './resumable-upload.js'
import type { Snapshot, UploadStore } from './upload-store.js'

/** Pieces after which the next one joins them all, so that many small requests stay cheap. */
const maxPieces = 16
/** Milliseconds for storing what arrived, after the caller has aborted. */
const keepTimeout = 30_000
/** Bytes: the first buffer for a body of unknown length. It grows up to the size of a part. */
const firstBuffer = 64 * 1024

export interface AppendOptions {
  readonly signal: AbortSignal
  /** The position of the body's first byte. */
  readonly offset: number
  /** Bytes of the whole file, if they are declared with this body. */
  readonly size?: number
  /** Whether the file ends with this body. `undefined`: it ends when it has its size. */
  readonly complete?: boolean
  /** Called before the file appears. */
  readonly beforeComplete?: () => void | Promise<void>
  /** Called with the offset when a part was stored while the body still arrives. */
  readonly onStored?: (offset: number) => void
  /** Nothing of the body counts unless it has this checksum. The whole body is kept in memory. */
  readonly checksum?: BodyChecksum | (() => BodyChecksum)
  /** The policy of the upload, if it has one. */
  readonly guard?: UploadGuard
}

/** Makes the error for a file that is larger than allowed. */
export const tooLarge = (size: number): StorageError =>
  new StorageError('TOO_LARGE', `the file may have at most ${size} bytes`, { details: { size } })

export class Appending {
  readonly #store: UploadStore
  readonly #upload: ResumableUpload
  readonly #size: number | undefined
  readonly #options: AppendOptions
  readonly #signal: AbortSignal
  readonly #guard: UploadGuard | undefined
  /** The pieces before the body, as long as the head is not checked. */
  #uncheckedPieces: readonly Piece[] | undefined
  readonly #parts: UploadedPart[]
  /** The pieces between the parts and the buffer. */
  #pieces: readonly Piece[]
  /** The position of the first part. */
  readonly #base: number
  /** The position of the buffer's first byte. */
  #start: number
  #buffer: Buffer | undefined
  #buffered = 0
  #hasSent = false
  /** The part that is being sent while the next one arrives. */
  #sending: Promise<void> = Promise.resolve()

  constructor(store: UploadStore, upload: ResumableUpload, snapshot: Snapshot, options: AppendOptions) {
    this.#store = store
    this.#upload = upload
    this.#options = options
    this.#size = snapshot.size
    this.#parts = [...snapshot.parts]
    this.#start = snapshot.offset
    // The pieces of a partial upload stay as they are.
    this.#base = upload.partial ? snapshot.offset : 0
    this.#pieces = upload.partial ? [] : snapshot.pieces
    const { guard } = options
    this.#guard = guard
    if (guard !== undefined && snapshot.offset < guard.headLength) this.#uncheckedPieces = snapshot.pieces
    // What arrived is stored even if the caller no longer waits.
    this.#signal = lingering(options.signal, keepTimeout)
  }

  get #position(): number {
    return this.#start + this.#buffered
  }

  /** The position where the parts end. */
  get #partsEnd(): number {
    return this.#base + this.#parts.length * this.#upload.partSize
  }

  async run(body: CheckedBody): Promise<ResumableUploadState> {
    let failure: { readonly error: unknown } | undefined
    try {
      await this.#take(body)
    } catch (error) {
      failure = { error }
    }
    await this.#sending
    if (failure !== undefined) {
      // Of a body that is too long, it is unknown which bytes are the file's.
      if (!isStorageError(failure.error, 'TOO_LARGE') && !isFinalRefusal(failure.error)) await this.#keep()
      throw failure.error
    }
    const { complete, beforeComplete } = this.#options
    const position = this.#position
    const size = complete ? (this.#size ?? position) : this.#size
    if (complete && size !== position) {
      await this.#keep()
      throw new StorageError('SIZE_MISMATCH', `the upload has ${position} bytes, not the ${size} declared`)
    }
    const isComplete = size === position && complete !== false
    if (isComplete && !this.#upload.partial) {
      try {
        await beforeComplete?.()
      } catch (error) {
        await this.#keep()
        throw error
      }
      return { offset: size, size, file: await this.#finish(size) }
    }
    await this.#keep()
    // The size of a partial upload may have become known with this body.
    if (complete && this.#upload.partial) await this.#store.putSize(this.#upload, position, this.#signal)
    if (isComplete && this.#upload.write !== undefined && this.#guard !== undefined) {
      await beforeComplete?.()
      const content = this.#store.content(this.#upload, this.#signal)
      const put = (size: number) => (this.#guard as UploadGuard).store(content, size)
      const file = await this.#store.finishHidden(this.#upload, size, put, this.#signal)
      return { offset: size, size, file }
    }
    return size === undefined ? { offset: position } : { offset: position, size }
  }

  /** Reads the body to its end. Sends every part that it fills. */
  async #take(body: CheckedBody): Promise<void> {
    const { maxSize } = this.#upload
    const limit = this.#size ?? maxSize
    if (body.size !== undefined && this.#position + body.size > limit) this.#refuse(body, limit)
    const bytes = body.checkBytes()
    if (bytes !== undefined) return this.#takeChunk(bytes, bytes.length, limit)
    for (;;) {
      const { done, value: chunk } = await body.next()
      if (done === true) return
      if (this.#position + chunk.length > limit) this.#refuse(body, limit)
      const expected = body.size === undefined ? undefined : body.size - body.taken + chunk.length
      await this.#takeChunk(chunk, expected, limit)
      freeChunk(chunk)
    }
  }

  #refuse(body: CheckedBody, limit: number): never {
    const error = (this.#size === undefined ? this.#guard?.tooLarge(limit) : undefined) ?? tooLarge(limit)
    body.destroy(error)
    throw error
  }

  /** @param expected Bytes that are still to come, with this chunk, if known. */
  async #takeChunk(chunk: Uint8Array, expected: number | undefined, limit: number): Promise<void> {
    for (let taken = 0; taken < chunk.length; ) {
      const partEnd = this.#partsEnd + this.#upload.partSize
      if (this.#position === partEnd) await this.#sendPart()
      const room = Math.min(this.#partsEnd + this.#upload.partSize, limit) - this.#position
      const bytes = chunk.subarray(taken, taken + room)
      if (this.#size === undefined) await this.#guard?.reach(this.#position + bytes.length)
      this.#collect(bytes, expected === undefined ? undefined : expected - taken)
      taken += bytes.length
      if (this.#uncheckedPieces !== undefined) await this.#checkEarlyHead(this.#uncheckedPieces)
    }
  }

  /**
   * Checks the head as soon as it is complete. Parts are checked again before they are stored,
   * because another request may have replaced the pieces.
   */
  async #checkEarlyHead(pieces: readonly Piece[]): Promise<void> {
    const { headLength } = this.#guard as UploadGuard
    if (this.#position < headLength) return
    const head = Buffer.allocUnsafeSlow(headLength)
    await this.#store.readPieces(this.#upload, pieces, 0, head.subarray(0, this.#start), this.#signal)
    head.set((this.#buffer as Buffer).subarray(0, headLength - this.#start), this.#start)
    this.#uncheckedPieces = undefined
    await this.#guard?.checkHead(head, false)
  }

  /** Checks the head of the first part, before it is stored. */
  async #checkPart(content: Buffer, isWhole: boolean): Promise<void> {
    const guard = this.#guard
    if (guard === undefined || guard.headLength === 0 || this.#upload.partial || this.#parts.length > 0) return
    await guard.checkHead(content.subarray(0, guard.headLength), isWhole && content.length <= guard.headLength)
  }

  /** @param expected Bytes that are still to come, with these, if known. */
  #collect(bytes: Uint8Array, expected: number | undefined): void {
    const most = this.#partsEnd + this.#upload.partSize - this.#start
    const needed = this.#buffered + bytes.length
    if (this.#buffer === undefined || this.#buffer.length < needed) {
      const known = expected === undefined ? undefined : this.#buffered + expected
      // A body that has filled a part is likely to fill the next one.
      const guess = this.#hasSent ? most : Math.max(firstBuffer, needed * 2)
      const larger = newBuffer(Math.max(needed, Math.min(most, known ?? guess)), this.#upload.partSize)
      if (this.#buffer !== undefined) larger.set(this.#buffer.subarray(0, this.#buffered))
      this.#buffer = larger
    }
    this.#buffer.set(bytes, this.#buffered)
    this.#buffered = needed
  }

  /** Sends a full part, while the body goes on into the next buffer. */
  async #sendPart(): Promise<void> {
    const content = await this.#partContent()
    await this.#checkPart(content, false)
    const replaced = this.#pieces
    await this.#sending
    this.#hasSent = true
    const partNumber = this.#parts.length + 1
    const start = this.#partsEnd
    this.#pieces = []
    this.#start += this.#buffered
    this.#buffer = undefined
    this.#buffered = 0
    // Counts as stored for what follows; if it fails, nothing that follows is reported.
    const sent = this.#upload.partial
      ? this.#store.putPiece(this.#upload, start, content, this.#signal)
      : this.#store.uploadPart(this.#upload, partNumber, content, this.#signal)
    this.#parts.push({ partNumber, size: content.length, tag: '' })
    this.#sending = sent.then(async ({ part, attempts }) => {
      if (part !== undefined) this.#parts[partNumber - 1] = part
      // After a failed attempt the bytes may still be in use.
      if (attempts === 1 && content.length === content.buffer.byteLength) giveBack(content)
      this.#options.onStored?.(start + content.length)
      await this.#removePieces(replaced)
    })
    this.#sending.catch(() => undefined)
  }

  /** Returns the bytes after the parts: those of the pieces, and those in memory. */
  async #partContent(): Promise<Buffer> {
    const inMemory = (this.#buffer ?? Buffer.alloc(0)).subarray(0, this.#buffered)
    if (this.#pieces.length === 0) return inMemory
    const content = Buffer.allocUnsafeSlow(this.#position - this.#partsEnd)
    await this.#store.readPieces(this.#upload, this.#pieces, this.#partsEnd, content, this.#signal)
    content.set(inMemory, this.#start - this.#partsEnd)
    return content
  }

  /** Stores the bytes in memory as a piece; with all other pieces if there are many. */
  async #keep(): Promise<void> {
    if (this.#buffered === 0) return
    const { container, key } = this.#upload
    if (this.#pieces.length < maxPieces) {
      const bytes = (this.#buffer as Buffer).subarray(0, this.#buffered)
      await this.#store.putHidden(container, pieceName(key, this.#start, this.#position), bytes, this.#signal)
      return
    }
    const joined = await this.#partContent()
    await this.#store.putHidden(container, pieceName(key, this.#partsEnd, this.#position), joined, this.#signal)
    await this.#removePieces(this.#pieces)
  }

  /** Deletes pieces whose bytes are stored elsewhere. If it fails, they do no harm. */
  async #removePieces(pieces: readonly Piece[]): Promise<void> {
    const names = pieces.map(({ name }) => name)
    await this.#store.removeHidden(this.#upload.container, names, this.#signal).catch(() => undefined)
  }

  async #finish(size: number): Promise<WrittenFile> {
    const isRest = size > this.#partsEnd || this.#parts.length === 0
    if (isRest) {
      const content = await this.#partContent()
      await this.#checkPart(content, true)
      const partNumber = this.#parts.length + 1
      const { part } = await this.#store.uploadPart(this.#upload, partNumber, content, this.#signal)
      this.#parts.push(part)
    }
    return this.#store.finish(this.#upload, this.#parts, size, this.#signal)
  }
}

const newBuffer = (size: number, partSize: number): Buffer =>
  size === partSize ? takeBuffer(size) : Buffer.allocUnsafeSlow(size)

/** Returns a signal that is aborted some time after another one. */
function lingering(signal: AbortSignal, milliseconds: number): AbortSignal {
  const controller = new AbortController()
  const abort = () => {
    const timer = setTimeout(() => controller.abort(signal.reason), milliseconds)
    timer.unref()
  }
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return controller.signal
}
