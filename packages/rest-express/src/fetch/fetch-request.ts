/**
 * A request of the web platform, as the routes use it.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { HttpRequest } from '../http/messages.js'

/** Milliseconds in which a server passes on what it has received from a client that has gone. */
const lostTime = 10_000

export class FetchRequest extends Readable implements HttpRequest {
  readonly request: Request
  readonly url: string | undefined
  readonly method: string
  readonly httpVersion = '1.1'
  readonly httpVersionMajor = 1
  readonly headers: IncomingHttpHeaders
  /** The platform does not show them. */
  readonly trailers = undefined
  complete: boolean
  #isReading = false
  #isLost = false
  #timer: NodeJS.Timeout | undefined
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined

  /** @param url The path below the mount point, with the query; `undefined` if it is elsewhere. */
  constructor(request: Request, url: string | undefined) {
    super()
    this.request = request
    this.url = url
    this.method = request.method
    this.headers = headersOf(request)
    // Not the body itself, which some servers create when it is asked for.
    this.complete = this.headers['transfer-encoding'] === undefined && Number(this.headers['content-length'] ?? 0) === 0
  }

  get bodyUsed(): boolean {
    return this.#reader === undefined && (this.request.bodyUsed || this.request.body?.locked === true)
  }

  /**
   * The client has gone. The server may still have the rest of the body: the end or the failure of
   * the body shows whether the whole request has arrived.
   */
  lose(): void {
    this.#isLost = true
    if (this.complete) this.destroy()
    else if (this.#isReading) this.#timer = setTimeout(this.#fail, lostTime).unref()
  }

  override _read(): void {
    if (this.bodyUsed) {
      this.destroy()
      return
    }
    this.#reader ??= this.request.body?.getReader()
    if (this.#reader === undefined) this.#end()
    else {
      this.#isReading = true
      this.#reader.read().then(this.#take, this.#fail)
      if (this.#isLost) this.lose()
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    // Fails if the body has failed already.
    if (!this.complete) this.#reader?.cancel().catch(() => undefined)
    callback(error)
  }

  readonly #take = ({ value }: { readonly value?: Uint8Array | undefined }): void => {
    this.#isReading = false
    clearTimeout(this.#timer)
    if (value === undefined) this.#end()
    else this.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
  }

  // Without an error, as for a lost connection: the readers of the body detect it by `close`.
  readonly #fail = (): void => {
    this.destroy()
  }

  #end(): void {
    this.complete = true
    this.push(null)
  }
}

/**
 * The headers of a request, which is shown as one of HTTP/1.1: a body without a stated length has a
 * transfer coding.
 */
function headersOf(request: Request): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = Object.fromEntries(request.headers)
  // The platform permits no body for these methods. To ask for it costs more than a small download
  // on servers that create it then.
  if (request.method === 'GET' || request.method === 'HEAD') return headers
  if (headers['content-length'] === undefined && request.body !== null) headers['transfer-encoding'] ??= 'chunked'
  return headers
}
