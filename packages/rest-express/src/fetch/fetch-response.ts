/**
 * A response of the web platform, as the routes write it.
 */
import type { OutgoingHttpHeaders } from 'node:http'
import { Writable } from 'node:stream'
import type { HttpResponse, ResponseHead } from '../http/messages.js'
import type { FetchRequest } from './fetch-request.js'

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>

/** Bytes of the body that wait for the client before the storage has to wait. */
const waitingBytes = 65_536

/** The status of a request whose client has gone, as nginx logs it. No client receives it. */
const clientClosedRequest = 499

export class FetchResponse extends Writable implements HttpResponse {
  readonly req: FetchRequest
  readonly headers: Headers = new Headers()
  headersSent = false
  #status = 200
  readonly #send: (response: Response) => void
  #isSent = false
  #body: ReadableStreamDefaultController<Uint8Array> | undefined
  /** Called when the client has taken enough of the body. */
  #onRoom: (() => void) | undefined

  /**
   * @param send Receives the response when its status, its headers and its first bytes are known.
   */
  constructor(req: FetchRequest, send: (response: Response) => void) {
    super()
    this.req = req
    this.#send = send
    const { signal } = req.request
    if (signal.aborted) this.#abort()
    else signal.addEventListener('abort', this.#abort, { once: true })
  }

  /** What functions among the options receive. */
  get head(): ResponseHead {
    return { headers: this.headers }
  }

  setHeader(name: string, value: string | number | readonly string[]): this {
    if (Array.isArray(value)) {
      this.headers.delete(name)
      for (const one of value) this.headers.append(name, one)
    } else {
      this.headers.set(name, String(value))
    }
    return this
  }

  getHeader(name: string): string | undefined {
    return this.headers.get(name) ?? undefined
  }

  writeHead(statusCode: number, headers: OutgoingHttpHeaders = {}): this {
    this.#status = statusCode
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) this.setHeader(name, value)
    }
    this.headersSent = true
    return this
  }

  /** A response that is written at once needs no stream. */
  override end(chunk?: unknown): this {
    if (this.#isSent || typeof chunk === 'function') return super.end(chunk)
    this.#respond((chunk as Body | undefined) ?? null)
    return super.end()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: () => void): void {
    if (!this.#isSent) this.#respond(this.#stream())
    this.#body?.enqueue(chunk)
    if ((this.#body?.desiredSize ?? 0) > 0) callback()
    else this.#onRoom = callback
  }

  override _final(callback: () => void): void {
    this.#body?.close()
    callback()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.req.request.signal.removeEventListener('abort', this.#abort)
    if (!this.writableFinished) {
      if (!this.#isSent) this.#respond(null, clientClosedRequest)
      // The client must not take what it has received for the whole response.
      this.#body?.error(error ?? new Error('the response was not completed'))
    }
    callback(error)
  }

  /** The client has gone. */
  readonly #abort = (): void => {
    if (this.req.complete) this.destroy()
    else this.req.once('close', () => this.destroy()).lose()
  }

  #respond(body: Body | null, status = this.#status): void {
    this.#isSent = true
    this.headersSent = true
    this.#send(new Response(body, { status, headers: this.headers }))
  }

  /**
   * Not a stream of bytes (`type: 'bytes'`), which would detach the memory of its chunks: they may
   * be views of a larger buffer, or the bytes of a stored file.
   */
  #stream(): ReadableStream<Uint8Array> {
    return new ReadableStream(
      {
        start: (controller) => {
          this.#body = controller
        },
        pull: () => {
          const callback = this.#onRoom
          this.#onRoom = undefined
          callback?.()
        },
        cancel: () => {
          this.#body = undefined
          this.destroy()
        },
      },
      { highWaterMark: waitingBytes, size: (chunk) => chunk.byteLength },
    )
  }
}
