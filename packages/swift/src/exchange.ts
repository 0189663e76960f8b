/**
 * One request and its answer over undici's dispatcher: collected, or as a stream that holds the service back.
 */
import { Readable } from 'node:stream'
import { StorageError } from '@stowage/core'
import type { Dispatcher } from 'undici'
import { type AnswerHeaders, connectionError } from './errors.js'

export interface Outgoing {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
  readonly signal: AbortSignal
  /**
   * For requests that make something visible: once the service has all of it, aborting no longer stops it, since the
   * service would not stop either. The answer is waited for, so that what the caller is told is what happened.
   */
  readonly commits?: boolean | undefined
  /** Milliseconds in which nothing comes of an answer, once the service has the request. */
  readonly idleTimeout: number
  /** Milliseconds that the service may take to begin with it, where that may be longer. */
  readonly patience?: number | undefined
  /** Answers with more than so many bytes come as a stream, when their status is 200 or 206. Default: none do. */
  readonly streamFrom?: number | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: AnswerHeaders
  /** A stream only where one was allowed for. */
  readonly body: Buffer | Readable
}

/** Bytes: larger bodies are handed over in slices, so that it is known when the last one is. */
const sliceSize = 256 * 1024
/** Milliseconds: how long an aborted request is waited for whose whole body the service has. */
const grace = 10_000

/** Rejects with a `StorageError`, or with the signal's reason. */
export function exchange(dispatcher: Dispatcher, origin: string, outgoing: Outgoing): Promise<Answer> {
  return new Exchange(outgoing).run(dispatcher, origin)
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #outgoing: Outgoing
  readonly #answer = Promise.withResolvers<Answer>()
  #controller: Dispatcher.DispatchController | undefined
  #committed = false
  #status = 0
  #headers: AnswerHeaders = {}
  #chunks: Buffer[] = []
  #stream: AnswerStream | undefined
  #graceTimer: NodeJS.Timeout | undefined
  readonly #onAbort = () => this.#aborted()

  constructor(outgoing: Outgoing) {
    this.#outgoing = outgoing
  }

  run(dispatcher: Dispatcher, origin: string): Promise<Answer> {
    const { method, path, headers, body, signal, idleTimeout, patience = 0 } = this.#outgoing
    if (signal.aborted) return Promise.reject(signal.reason)
    signal.addEventListener('abort', this.#onAbort, { once: true })
    const length = body?.length ?? 0
    dispatcher.dispatch(
      {
        origin,
        path,
        method: method as Dispatcher.HttpMethod,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(length) }) },
        // The type of a body leaves iterables out, which the documentation has: they are held back by the connection.
        body: (body === undefined || length <= sliceSize ? body : this.#slices(body)) as Buffer | null,
        headersTimeout: Math.max(idleTimeout, patience),
        bodyTimeout: idleTimeout,
        // undici would close the connection after every HEAD, for servers that answer one with a body.
        reset: false,
      },
      this,
    )
    return this.#answer.promise
  }

  async *#slices(body: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < body.length; offset += sliceSize) {
      if (offset + sliceSize >= body.length) this.#committed = true
      yield body.subarray(offset, offset + sliceSize)
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if ((this.#outgoing.body?.length ?? 0) <= sliceSize) this.#committed = true
    if (this.#outgoing.signal.aborted) controller.abort(this.#outgoing.signal.reason)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    this.#status = status
    this.#headers = single(headers)
    const { streamFrom } = this.#outgoing
    if (streamFrom === undefined || (status !== 200 && status !== 206)) return
    if (Number(this.#headers['content-length']) <= streamFrom) return
    this.#stream = new AnswerStream(controller, () => this.#release())
    this.#answer.resolve({ status, headers: this.#headers, body: this.#stream })
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
    this.#answer.resolve({ status: this.#status, headers: this.#headers, body })
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    const failure = connectionError(error, this.#controller !== undefined)
    this.#release()
    if (this.#stream === undefined) this.#answer.reject(failure)
    else this.#stream.fail(failure)
  }

  #aborted(): void {
    const { signal, commits = false } = this.#outgoing
    if (!commits || !this.#committed) {
      this.#stop(signal.reason)
      return
    }
    const lost = new StorageError(
      'CONNECTION_LOST',
      'the service did not say in time what became of an aborted request',
    )
    this.#graceTimer = setTimeout(() => this.#stop(lost), grace)
  }

  #stop(reason: unknown): void {
    this.#release()
    if (this.#stream !== undefined) this.#stream.destroy(reason as Error)
    this.#controller?.abort(reason as Error)
    this.#answer.reject(reason)
  }

  #release(): void {
    clearTimeout(this.#graceTimer)
    this.#outgoing.signal.removeEventListener('abort', this.#onAbort)
  }
}

/** An answer's body. Destroying it before its end closes the connection at once. */
class AnswerStream extends Readable {
  readonly #controller: Dispatcher.DispatchController
  readonly #release: () => void
  #ended = false

  constructor(controller: Dispatcher.DispatchController, release: () => void) {
    super({ highWaterMark: 1024 * 1024 })
    this.#controller = controller
    this.#release = release
  }

  complete(): void {
    this.#ended = true
    this.push(null)
  }

  fail(error: StorageError): void {
    this.#ended = true
    this.destroy(error)
  }

  override _read(): void {
    this.#controller.resume()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#release()
    if (!this.#ended) {
      this.#ended = true
      this.#controller.abort(error ?? new StorageError('ABORTED', 'the download was closed before its end'))
    }
    callback(error)
  }
}

function single(headers: Record<string, string | string[] | undefined>): AnswerHeaders {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return result
}
