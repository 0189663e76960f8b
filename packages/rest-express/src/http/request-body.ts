/**
 * The bytes that a client sends: read with backpressure, given up when the client goes away or falls silent, and never at the
 * cost of the connection, which still has to carry the answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { giveAwayChunk } from '@stowage/core/provider'
import { arrivedWhole, clientGone, noteEnd, wasReset } from './connection.js'
import { RequestError } from './request-error.js'

/**
 * A request's body as an iterable. Unlike the stream itself it may be left before its end: the request is only paused then, and not
 * destroyed, since that would close the connection before the client has its answer.
 *
 * Takes the chunks as they come in, one at a time: the stream's own iterator joins those that wait, at the cost of a copy.
 */
export class RequestBody implements AsyncIterable<Buffer>, AsyncIterator<Buffer, undefined> {
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #idleTimeout: number
  readonly #waiting: Buffer[] = []
  #timer: NodeJS.Timeout | undefined
  #failure: Error | undefined
  #wake: (() => void) | undefined
  #isWanted = false
  // Bound methods, and not functions that hold `this` and are held by it: the engine keeps those, and with them the whole request, until it
  // collects all of its memory.
  readonly #onData = this.#take.bind(this)
  readonly #onEnd = this.#ended.bind(this)
  readonly #onClose = this.#closed.bind(this)
  readonly #onIdle = this.#fellSilent.bind(this)

  /** `idleTimeout`: milliseconds for which the client may send nothing; 0 for any time. */
  constructor(req: IncomingMessage, res: ServerResponse, idleTimeout: number) {
    this.#req = req
    this.#res = res
    this.#idleTimeout = idleTimeout
    checkUnread(req)
    checkTransferCoding(req)
    req.on('data', this.#onData)
    req.pause()
    req.on('end', this.#onEnd)
    req.on('close', this.#onClose)
    req.on('error', this.#onClose)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Buffer, undefined>> {
    if (!this.#isWanted) {
      this.#isWanted = true
      sendContinue(this.#req, this.#res)
    }
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const chunk = this.#waiting.shift() ?? this.#leftBehind()
      if (chunk !== undefined) return { done: false, value: chunk }
      if (this.#req.readableEnded || this.#req.destroyed) {
        this.#detach()
        if (wasReset(this.#req)) throw clientGone()
        return { done: true, value: undefined }
      }
      this.#req.resume()
      await this.#progress()
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#detach()
    return { done: true, value: undefined }
  }

  /**
   * Of a request that arrived whole before its connection closed: what Node has received and not handed out. Throws
   * when the connection closed before the end.
   */
  #leftBehind(): Buffer | undefined {
    const req = this.#req
    if (!req.destroyed || req.readableEnded) return undefined
    if (!arrivedWhole(req)) throw clientGone()
    req.off('data', this.#onData)
    return (req.read() as Buffer | null) ?? undefined
  }

  #take(chunk: Buffer): void {
    // Somebody who listens as well may keep it.
    if (this.#req.listenerCount('data') === 1 && this.#req.listenerCount('readable') === 0) giveAwayChunk(chunk)
    this.#waiting.push(chunk)
    this.#req.pause()
    this.#continue()
  }

  #continue(): void {
    if (this.#idleTimeout > 0) clearTimeout(this.#timer)
    this.#wake?.()
    this.#wake = undefined
  }

  #ended(): void {
    noteEnd(this.#req)
    this.#continue()
  }

  #closed(): void {
    if (this.#req.readableEnded || arrivedWhole(this.#req)) this.#continue()
    else this.#fail(clientGone())
  }

  #progress(): Promise<void> {
    if (this.#idleTimeout > 0) this.#timer = setTimeout(this.#onIdle, this.#idleTimeout)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    return promise
  }

  #fellSilent(): void {
    const seconds = this.#idleTimeout / 1000
    this.#fail(new RequestError(408, 'REQUEST_TIMEOUT', `the request sent nothing for ${seconds} seconds`))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#continue()
  }

  #detach(): void {
    clearTimeout(this.#timer)
    this.#req.off('data', this.#onData)
    this.#req.off('end', this.#onEnd)
    this.#req.off('close', this.#onClose)
    this.#req.off('error', this.#onClose)
    this.#waiting.length = 0
  }
}

/** A body that somebody has read before can't be stored: it would be taken for an empty one. */
function checkUnread(req: IncomingMessage): void {
  if (!req.readableDidRead) return
  throw new RequestError(
    500,
    'INTERNAL',
    "the request's body was read before it came to the storage routes: mount these before body parsers",
  )
}

/** Node takes the last coding, which frames the body, away; the others it leaves in place (RFC 9112, 6.1). */
function checkTransferCoding({ headers }: IncomingMessage): void {
  const coding = headers['transfer-encoding']
  if (coding === undefined || coding.trim().toLowerCase() === 'chunked') return
  throw new RequestError(501, 'NOT_SUPPORTED', 'Transfer-Encoding must be "chunked", without another coding')
}

/** For bodies that are parsed: a compressed one is refused (RFC 9110, 15.5.16). */
export function checkContentCoding({ headers }: IncomingMessage): void {
  const coding = headers['content-encoding']
  if (coding === undefined || coding.trim().toLowerCase() === 'identity') return
  throw new RequestError(415, 'TYPE_NOT_ALLOWED', 'the body must be sent without Content-Encoding', {
    'Accept-Encoding': 'identity',
  })
}

/**
 * Asks a client that waits for it to send the body (RFC 9110, 10.1.1). Node has done so before the request was handed
 * out, unless the server has a listener for `checkContinue`.
 */
function sendContinue(req: IncomingMessage, res: ServerResponse): void {
  if (req.headers.expect?.toLowerCase() !== '100-continue' || req.httpVersion === '1.0') return
  const wasSent = '_sent100' in res && res._sent100 === true
  if (!wasSent && !res.headersSent && !res.destroyed) res.writeContinue()
}
