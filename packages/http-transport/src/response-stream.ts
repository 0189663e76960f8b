import { Readable } from 'node:stream'
import { StorageError } from '@stowage/core/provider'
import type { Dispatcher } from 'undici'

/**
 * The body of a response as a stream. Destroying it before its end closes the connection at once.
 */
export class ResponseStream extends Readable {
  readonly #controller: Dispatcher.DispatchController
  readonly #release: () => void
  #ended = false

  constructor(controller: Dispatcher.DispatchController, release: () => void) {
    super({ highWaterMark: 1024 * 1024 })
    this.#controller = controller
    this.#release = release
    // An abort may destroy the stream after its reader has left. Without a listener, the error
    // would be an uncaught exception.
    this.on('error', ignoreWithoutReader)
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

function ignoreWithoutReader(): void {
  // A reader has its own listener.
}

/** Returns a body in memory as a stream, for SDKs that read streams. */
export function bufferedStream(body: Buffer): Readable {
  const stream = new Readable({ read: () => undefined })
  if (body.length > 0) stream.push(body)
  stream.push(null)
  return stream
}
