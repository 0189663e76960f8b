/**
 * The bytes that a client sends: read with backpressure, given up when the client goes away or falls silent, and never at the
 * cost of the connection, which still has to carry the answer.
 */
import type { IncomingMessage } from 'node:http'
import { giveAwayChunk } from '@stowage/core'
import { clientGone } from './connection.js'
import { RequestError } from './request-error.js'

/** Bytes that are still read, and thrown away, after the answer to a request whose body was not wanted. */
const discardBytes = 64 * 1024 * 1024
/** Milliseconds that this may take. */
const discardTime = 30_000

/**
 * A request's body as an iterable. Unlike the stream itself it may be left before its end: the request is only paused then, and not
 * destroyed, since that would close the connection before the client has its answer.
 *
 * Takes the chunks as they come in, one at a time: the stream's own iterator joins those that wait, at the cost of a copy.
 */
export class RequestBody implements AsyncIterable<Buffer>, AsyncIterator<Buffer, undefined> {
  readonly #req: IncomingMessage
  readonly #idleTimeout: number
  readonly #waiting: Buffer[] = []
  #timer: NodeJS.Timeout | undefined
  #failure: Error | undefined
  #wake: (() => void) | undefined
  // Bound methods, and not functions that hold `this` and are held by it: the engine keeps those, and with them the whole request, until it
  // collects all of its memory.
  readonly #onData = this.#take.bind(this)
  readonly #onEnd = this.#continue.bind(this)
  readonly #onClose = this.#closed.bind(this)
  readonly #onIdle = this.#fellSilent.bind(this)

  /** `idleTimeout`: milliseconds for which the client may send nothing; 0 for any time. */
  constructor(req: IncomingMessage, idleTimeout: number) {
    this.#req = req
    this.#idleTimeout = idleTimeout
    checkUnread(req)
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
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const chunk = this.#waiting.shift()
      if (chunk !== undefined) return { done: false, value: chunk }
      if (this.#req.readableEnded) {
        this.#detach()
        return { done: true, value: undefined }
      }
      if (this.#req.destroyed) throw clientGone()
      this.#req.resume()
      await this.#progress()
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#detach()
    return { done: true, value: undefined }
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

  #closed(): void {
    if (!this.#req.readableEnded) this.#fail(clientGone())
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

/**
 * Reads and throws away what remains of a request that was answered, so that a client which sends first and reads afterwards
 * sees its answer. One that goes on and on loses the connection.
 */
export function discardRest(req: IncomingMessage): void {
  if (req.complete || req.destroyed) {
    req.resume()
    return
  }
  let left = discardBytes
  const stop = () => req.destroy()
  const timer = setTimeout(stop, discardTime).unref()
  req.on('error', stop)
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) stop()
  })
  req.once('close', () => clearTimeout(timer))
  req.once('end', () => clearTimeout(timer))
  req.resume()
}
