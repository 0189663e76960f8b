/**
 * The body of a request: read with backpressure, and abandoned if the client disconnects or sends
 * nothing for too long. The connection stays open, because it still has to carry the response.
 */
import type { Http2Stream } from 'node:http2'
import { ByteSource, giveAwayChunk } from '@stowage/core/provider'
import { arrivedWhole, clientGone, noteEnd, wasReset } from './connection.js'
import type { HttpRequest, HttpResponse } from './messages.js'
import { RequestError } from './request-error.js'

/**
 * The body of a request. Unlike the iterator of the stream, it can be left before its end: the
 * request is then paused, not destroyed, because that would close the connection before the
 * response was sent.
 *
 * Returns chunks as they arrive, one at a time. The iterator of the stream would join waiting
 * chunks, which costs a copy.
 */
export class RequestBody extends ByteSource<Buffer> {
  readonly #req: HttpRequest
  readonly #res: HttpResponse
  readonly #idleTimeout: number
  #timer: NodeJS.Timeout | undefined
  #hasBegun = false
  // Bound methods, not closures that reference `this` and are referenced by it: the engine keeps
  // such closures, and with them the whole request, until a full garbage collection.
  readonly #onData = this.#take.bind(this)
  readonly #onEnd = this.#ended.bind(this)
  readonly #onClose = this.#closed.bind(this)
  readonly #onIdle = this.#timedOut.bind(this)

  /**
   * @param idleTimeout Milliseconds without data after which reading fails with 408; 0 for no
   *   limit.
   */
  constructor(req: HttpRequest, res: HttpResponse, idleTimeout: number) {
    super()
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

  protected override pull(): void {
    const req = this.#req
    if (!this.#hasBegun) {
      this.#hasBegun = true
      sendContinue(req, this.#res)
    }
    if (req.readableEnded) {
      this.#finish()
    } else if (req.destroyed) {
      this.#takeRest()
    } else {
      if (this.#idleTimeout > 0) this.#timer = setTimeout(this.#onIdle, this.#idleTimeout)
      req.resume()
    }
  }

  protected override stop(): void {
    this.#req.pause()
    this.#detach()
  }

  #detach(): void {
    clearTimeout(this.#timer)
    this.#req.off('data', this.#onData)
    this.#req.off('end', this.#onEnd)
    this.#req.off('close', this.#onClose)
    // The listener of `error` stays: a failed request may emit another error.
  }

  #take(chunk: Buffer): void {
    if (this.#isOnlyReader()) giveAwayChunk(chunk)
    if (this.#idleTimeout > 0) clearTimeout(this.#timer)
    this.#req.pause()
    this.push(chunk)
  }

  /**
   * Whether no other code can keep the chunks: no other listener, and no clone of a request of the
   * web platform, which receives the same chunks.
   */
  #isOnlyReader(): boolean {
    const req = this.#req
    return req.bodyUsed === undefined && req.listenerCount('data') === 1 && req.listenerCount('readable') === 0
  }

  /**
   * The connection has closed. Takes the data that Node has received but not emitted. After that,
   * fails unless the whole request had arrived.
   */
  #takeRest(): void {
    const req = this.#req
    req.off('data', this.#onData)
    const rest: Buffer | null = req.read()
    if (rest !== null) this.push(rest)
    else if (arrivedWhole(req)) this.#finish()
    else this.destroy(clientGone())
  }

  #ended(): void {
    noteEnd(this.#req)
    this.#finish()
  }

  #finish(): void {
    if (wasReset(this.#req)) {
      this.destroy(clientGone())
    } else {
      this.#detach()
      this.end()
    }
  }

  #closed(): void {
    clearTimeout(this.#timer)
    // Otherwise, the next read takes what has arrived.
    if (this.isWanted) this.pull()
  }

  #timedOut(): void {
    const seconds = this.#idleTimeout / 1000
    this.destroy(new RequestError(408, 'REQUEST_TIMEOUT', `no data from the client for ${seconds} s`))
  }
}

/** The size of a request's body in bytes, if its head tells. */
export function statedSize(req: HttpRequest): number | undefined {
  const header = req.headers['content-length']
  if (header !== undefined) return Number(header)
  // HTTP/2 and later have no Transfer-Encoding: a body of unknown length is one without
  // Content-Length (RFC 9113, 8.1.1).
  if ('stream' in req) return (req.stream as Http2Stream).endAfterHeaders ? 0 : undefined
  return req.headers['transfer-encoding'] === undefined ? 0 : undefined
}

/** A body that was already read cannot be stored: it would be stored as an empty file. */
function checkUnread(req: HttpRequest): void {
  if (!req.readableDidRead && req.bodyUsed !== true) return
  throw new RequestError(
    500,
    'INTERNAL',
    "the request's body was already read: mount the storage routes before body parsers",
  )
}

/** Node decodes only the last transfer coding, which frames the body (RFC 9112, 6.1). */
function checkTransferCoding({ headers }: HttpRequest): void {
  const coding = headers['transfer-encoding']
  if (coding === undefined || coding.trim().toLowerCase() === 'chunked') return
  throw new RequestError(501, 'NOT_SUPPORTED', 'Transfer-Encoding must be "chunked", without another coding')
}

/** Refuses a compressed body (RFC 9110, 15.5.16), for bodies that are parsed. */
export function checkContentCoding({ headers }: HttpRequest): void {
  const coding = headers['content-encoding']
  if (coding === undefined || coding.trim().toLowerCase() === 'identity') return
  throw new RequestError(415, 'TYPE_NOT_ALLOWED', 'the body must be sent without Content-Encoding', {
    'Accept-Encoding': 'identity',
  })
}

/**
 * Sends `100 Continue` to a client that waits for it (RFC 9110, 10.1.1). Node has sent it already,
 * unless the server has a listener for `checkContinue`.
 */
function sendContinue(req: HttpRequest, res: HttpResponse): void {
  if (req.headers.expect?.toLowerCase() !== '100-continue' || req.httpVersion === '1.0') return
  const wasSent = '_sent100' in res && res._sent100 === true
  if (!wasSent && !res.headersSent && !res.destroyed) res.writeContinue?.()
}
