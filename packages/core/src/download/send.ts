/**
 * Sends an open file to a writable: through streams or, if both sides support it, through two
 * buffers that are reused. Every chunk of a stream is new memory, and collecting it is half of the
 * cost of sending a large file.
 */
import type { Readable, Writable } from 'node:stream'
import { StorageError } from '../contract/errors.js'
import type { DirectReadable } from '../contract/provider.js'

/** Bytes of one buffer. Larger buffers save no more. */
const bufferBytes = 524_288
/**
 * Files that are sent through buffers at the same time. Further ones use streams, whose chunks
 * become smaller if there are many.
 */
const maxPairs = 16
/**
 * Pairs that are kept for reuse, 8 MiB. Allocating them for each range of 1 MiB doubled its cost.
 */
const maxSparePairs = 8

type BufferPair = readonly [Buffer, Buffer]

let pairsInUse = 0
const sparePairs: BufferPair[] = []

function takePair(): BufferPair {
  pairsInUse++
  return sparePairs.pop() ?? [Buffer.allocUnsafeSlow(bufferBytes), Buffer.allocUnsafeSlow(bufferBytes)]
}

/**
 * Writes a source to a writable and ends it. A buffer is filled again after the writable has called
 * back for it. Settles when the writable has finished. If either side fails, both are destroyed.
 * Returns `undefined` if no buffer or no writable is available.
 */
export function sendThroughBuffers(
  source: DirectReadable,
  target: () => Writable | undefined,
): Promise<void> | undefined {
  if (pairsInUse >= maxPairs) return undefined
  let writable: Writable | undefined
  try {
    writable = target()
  } catch (error) {
    source.destroy()
    throw error
  }
  if (writable === undefined) return undefined
  const pair = takePair()
  return copy(source, writable, pair).then(
    () => {
      pairsInUse--
      if (sparePairs.length < maxSparePairs) sparePairs.push(pair)
      source.destroy()
    },
    (error: unknown) => {
      // The buffers may still be in use, so they are left to the garbage collector.
      pairsInUse--
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
   * Calls the writable and returns a promise, which also settles if either side closes before the
   * callback.
   */
  const done = (call: (callback: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, fail) => {
      reject = fail
      if (source.errored !== null) throw source.errored
      if (writable.closed) throw closedEarly(writable)
      call((error) => (error ? fail(closedEarly(writable, error)) : resolve()))
    })
  // The listener stays, because the source is destroyed with the error of either side.
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
    await done((callback) => {
      // Not as the argument of `end`, which middlewares replace in responses and call with content.
      writable.once('finish', callback)
      writable.end()
    })
  } finally {
    writable.off('close', onClose)
    writable.off('error', onClose)
  }
}

/**
 * Pipes a stream to a writable. Settles when the writable has finished. If either side fails, both
 * are destroyed.
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
    // The error is reported when the writable closes.
    writable.on('error', () => undefined)
    stream.pipe(writable)
  })
}

const closedEarly = (writable: Writable, cause: unknown = writable.errored ?? undefined) =>
  new StorageError('ABORTED', 'the receiver closed before the end of the file', { cause })
