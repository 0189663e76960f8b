/** Makes a source of every kind of body. */
import { ReadableStream, type ReadableStreamDefaultReader } from 'node:stream/web'
import { invalid } from '../checks/invalid.js'
import type { Body } from '../service/options.js'
import { isNodeStream } from './body-claim.js'
import { ByteSource } from './byte-source.js'
import { encodeText, TextPieces } from './text-pieces.js'

type Chunks = AsyncIterator<Uint8Array | string> | Iterator<Uint8Array | string>

/** The bytes of a body that is in memory. */
export function bytesOf(body: Body): Uint8Array | undefined {
  if (typeof body === 'string') return encodeText(body)
  if (body instanceof Uint8Array) return body
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  return undefined
}

/** Makes a source of a body that is not in memory. Throws `INVALID_ARGUMENT` for anything else. */
export function sourceOf(body: unknown): ByteSource {
  if (body instanceof ByteSource) return body
  if (isNodeStream(body)) {
    // Decoded chunks lose the bytes that are not text in this encoding.
    if (typeof body.readableEncoding === 'string') {
      throw invalid('body', `body decodes its bytes as ${body.readableEncoding}: pass a stream without an encoding`)
    }
    // A stream may fail before its first read, without a listener. The iterator reports the
    // failure.
    body.on('error', ignoreLateFailure)
    return new IteratedBytes(body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>, () => body.destroy())
  }
  if (body instanceof Blob) return sourceOf(body.stream())
  if (body instanceof ReadableStream) {
    const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader()
    // Unlike the stream's iterator, its reader can be cancelled during a read.
    return new IteratedBytes({ next: () => reader.read() }, () => reader.cancel().catch(ignoreLateFailure))
  }
  if (typeof body === 'object' && body !== null) {
    if (Symbol.asyncIterator in body) return iterated((body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]())
    if (Symbol.iterator in body && !ArrayBuffer.isView(body)) {
      return iterated((body as Iterable<Uint8Array>)[Symbol.iterator]())
    }
  }
  throw invalid(
    'body',
    'body must be bytes, a string, a Blob, a stream or an iterable of bytes; for a Response, pass its body',
  )
}

/** Stops a body that was rejected before it was read. */
export function discardBody(body: unknown): void {
  if (isNodeStream(body)) {
    body.on('error', ignoreLateFailure)
    body.destroy()
  } else if (body instanceof ReadableStream) {
    if (!body.locked) body.cancel().catch(ignoreLateFailure)
  } else if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body) {
    returnEarly((body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]())
  }
}

/** The bytes of an iterator, which may yield text. */
class IteratedBytes extends ByteSource {
  readonly #chunks: Chunks
  readonly #stop: () => void
  #text: TextPieces | undefined

  constructor(chunks: Chunks, stop: () => void) {
    super()
    this.#chunks = chunks
    this.#stop = stop
  }

  protected override async pull(): Promise<void> {
    try {
      const { done, value } = await this.#chunks.next()
      if (typeof value !== 'string') this.#text?.end()
      if (done === true) this.end()
      else this.push(this.#encode(value))
    } catch (error) {
      this.destroy(error)
    }
  }

  protected override stop(): void {
    this.#stop()
  }

  #encode(chunk: Uint8Array | string): Uint8Array {
    if (typeof chunk !== 'string') return toBytes(chunk)
    this.#text ??= new TextPieces()
    return this.#text.encode(chunk)
  }
}

const iterated = (chunks: Chunks) => new IteratedBytes(chunks, () => returnEarly(chunks))

/** Not awaited: a generator with a pending `await` settles `return` only after it. */
function returnEarly(chunks: Chunks): void {
  Promise.resolve(chunks.return?.()).catch(ignoreLateFailure)
}

function toBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk)
  throw invalid('body', `body returned a chunk of type ${typeof chunk}; chunks must be bytes or text`)
}

function ignoreLateFailure(): void {
  // The operation receives this failure in another way, or already has an error.
}
