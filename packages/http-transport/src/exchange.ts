/**
 * Sends one request over undici's dispatcher and receives the response: collected, or as a stream
 * with backpressure.
 */
import { StorageError } from '@stowage/core/provider'
import type { Dispatcher } from 'undici'
import { connectionError, type Progress } from './errors.js'
import type { HttpRequest, HttpResponse, RequestBody, ResponseHeaders } from './messages.js'
import { ResponseStream } from './response-stream.js'

/**
 * Bytes: larger bodies are sent in slices. The exchange then knows when the last slice is sent, and
 * the timeout of the response restarts with each slice.
 */
const sliceSize = 256 * 1024
/** Milliseconds to wait for the response to an aborted request whose whole body was sent. */
const abortGracePeriod = 10_000

/** One request and its response. Rejects with a `StorageError`, or with the signal's reason. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest
  readonly #idleTimeout: number
  readonly #response = Promise.withResolvers<HttpResponse>()
  #controller: Dispatcher.DispatchController | undefined
  #committed = false
  #status = 0
  #headers: ResponseHeaders = {}
  #chunks: Buffer[] = []
  #stream: ResponseStream | undefined
  #graceTimer: NodeJS.Timeout | undefined
  readonly #onAbort = () => this.#aborted()

  constructor(request: HttpRequest, idleTimeout: number) {
    this.#request = request
    this.#idleTimeout = idleTimeout
  }

  run(dispatcher: Dispatcher): Promise<HttpResponse> {
    const { method, origin, path, headers, body, signal, responseTimeout = 0 } = this.#request
    if (signal?.aborted) return Promise.reject(signal.reason)
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    dispatcher.dispatch(
      {
        origin,
        path,
        method: method as Dispatcher.HttpMethod,
        headers: body instanceof Uint8Array ? { ...headers, 'content-length': String(body.length) } : headers,
        // undici documents iterables, but its types omit them.
        body: this.#body() as Buffer | null,
        headersTimeout: Math.max(this.#idleTimeout, responseTimeout),
        bodyTimeout: this.#idleTimeout,
        // By default undici closes the connection after every HEAD, for servers that send a body.
        reset: false,
      },
      this,
    )
    return this.#response.promise
  }

  #body(): RequestBody | null {
    const { body = null } = this.#request
    return body instanceof Uint8Array && body.length > sliceSize ? this.#slices(body) : body
  }

  async *#slices(body: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < body.length; offset += sliceSize) {
      if (offset + sliceSize >= body.length) this.#committed = true
      yield body.subarray(offset, offset + sliceSize)
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const { body, signal } = this.#request
    this.#controller = controller
    if (body === undefined || (body instanceof Uint8Array && body.length <= sliceSize)) this.#committed = true
    if (signal?.aborted) controller.abort(signal.reason)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    this.#status = status
    this.#headers = joinedHeaders(headers)
    const { streamFrom } = this.#request
    if (streamFrom === undefined || (status !== 200 && status !== 206)) return
    if (Number(this.#headers['content-length']) <= streamFrom) return
    this.#stream = new ResponseStream(controller, () => this.#release())
    this.#response.resolve({ status, headers: this.#headers, body: this.#stream })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stream === undefined) this.#chunks.push(chunk)
    else if (!this.#stream.push(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#stream !== undefined) {
      this.#stream.complete()
      return
    }
    this.#release()
    const [only] = this.#chunks
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks)
    this.#response.resolve({ status: this.#status, headers: this.#headers, body })
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    const failure = connectionError(error, this.#progress())
    this.#release()
    if (this.#stream === undefined) this.#response.reject(failure)
    else this.#stream.fail(failure)
  }

  #progress(): Progress {
    if (this.#controller === undefined) return 'unsent'
    return this.#status === 0 ? 'sent' : 'responding'
  }

  #aborted(): void {
    const { signal, commits = false } = this.#request
    if (!commits || !this.#committed) {
      this.#stop(signal?.reason)
      return
    }
    const lost = new StorageError('CONNECTION_LOST', 'no response to an aborted request within the timeout')
    this.#graceTimer = setTimeout(() => this.#stop(lost), abortGracePeriod)
  }

  #stop(reason: unknown): void {
    this.#release()
    // Before the abort, which undici reports as its own error.
    this.#response.reject(reason)
    if (this.#stream !== undefined) this.#stream.destroy(reason as Error)
    this.#controller?.abort(reason as Error)
  }

  #release(): void {
    clearTimeout(this.#graceTimer)
    this.#request.signal?.removeEventListener('abort', this.#onAbort)
  }
}

function joinedHeaders(headers: Record<string, string | string[] | undefined>): ResponseHeaders {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return result
}
