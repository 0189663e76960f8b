/**
 * Sending an open file to a writable: through streams, or, where both sides allow it, through two
 * buffers that are used again and again. A chunk of a stream is new memory every time, and having
 * it collected is half of what sending a large file costs.
 */
import type { Readable, Writable } from 'node:stream'
import { StorageError } from '../contract/errors.js'
import type { DirectReadable } from '../contract/provider.js'

/** Bytes of one buffer: larger ones save nothing more. */
const bufferBytes = 524_288
/**
 * Files that are sent through buffers at the same time; others go through streams, whose chunks get
 * smaller when there are many.
 */
const maxPairs = 16
/** Kept for the next ones: taking them anew for each range of 1 MiB doubled its cost. 8 MiB. */
const maxSparePairs = 8

type BufferPair = readonly [Buffer, Buffer]

let pairs = 0
const sparePairs: BufferPair[] = []

/** `undefined` when too many are in use. */
function takePair(): BufferPair | undefined {
  if (pairs >= maxPairs) return undefined
  pairs++
  return sparePairs.pop() ?? [Buffer.allocUnsafeSlow(bufferBytes), Buffer.allocUnsafeSlow(bufferBytes)]
}

/**
 * Writes what a source has to a writable and ends it, each buffer being filled again when the
 * writable has called back for it. Settles when the writable has finished; when either side fails,
 * both are destroyed. `undefined` when there is no buffer to be had.
 */
export function sendThroughBuffers(source: DirectReadable, writable: Writable): Promise<void> | undefined {
  const pair = takePair()
  if (pair === undefined) return undefined
  return copy(source, writable, pair).then(
    () => {
      pairs--
      if (sparePairs.length < maxSparePairs) sparePairs.push(pair)
      source.destroy()
    },
    (error: unknown) => {
      // The buffers may still be on their way somewhere: they are left to the collector.
      pairs--
      source.destroy(error as Error)
      writable.destroy()
      throw error
    },
  )
}

async function copy(source: DirectReadable, writable: Writable, pair: BufferPair): Promise<void> {
  let reject: (error: unknown) => void = () => undefined
  const onClose = () => reject(closedEarly(writable))
  /**
   * A call to the writable as a promise, which settles also when either side is closed before the
   * writable calls back.
   */
  const done = (call: (callback: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, fail) => {
      reject = fail
      if (source.errored !== null) throw source.errored
      if (writable.closed) throw closedEarly(writable)
      call((error) => (error ? fail(closedEarly(writable, error)) : resolve()))
    })
  // Stays, since the source is destroyed with the error of whichever side failed.
  source.on('error', (error) => reject(error))
  writable.on('close', onClose)
  writable.on('error', onClose)
  try {
    let [full, empty] = pair
    let length = await source.readInto(full)
    while (length > 0) {
      const bytes = full.subarray(0, length)
      const [nextLength] = await Promise.all([
        source.readInto(empty),
        done((callback) => writable.write(bytes, callback)),
      ])
      length = nextLength
      ;[full, empty] = [empty, full]
    }
    await done((callback) => writable.end(callback))
  } finally {
    writable.off('close', onClose)
    writable.off('error', onClose)
  }
}

/**
 * Pipes a stream to a writable. Settles when the writable has finished; when either side fails,
 * both are destroyed.
 */
export function sendThroughStreams(stream: Readable, writable: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => {
      if (writable.writableFinished) {
        resolve()
      } else {
        stream.destroy()
        reject(closedEarly(writable))
      }
    }
    stream.once('error', (error) => {
      writable.off('close', onClose)
      writable.destroy()
      reject(error)
    })
    if (writable.closed) {
      onClose()
      return
    }
    writable.once('close', onClose)
    // What it says is told with the closing.
    writable.on('error', () => undefined)
    stream.pipe(writable)
  })
}

const closedEarly = (writable: Writable, cause: unknown = writable.errored ?? undefined) =>
  new StorageError('ABORTED', 'the receiver closed before it had the whole file', { cause })
