/**
 * Frees the memory of chunks as soon as they are used, before the garbage collector does.
 *
 * A chunk from a socket is memory outside of the JavaScript heap. For every 30 to 40 MiB of it, the
 * engine collects its whole heap, which is a third of the cost of receiving a large file. Freeing a
 * chunk that is still in use would corrupt data. Both sides must therefore agree: the source
 * declares that it no longer uses the chunk, and the last reader frees it after copying the bytes.
 * If one side does not take part, the collector frees the chunk.
 */

const givenAway = new WeakSet<Uint8Array>()

/** Bytes: freeing less costs as much as it saves. */
const leastBytes = 16_384

/**
 * Declares, before a body returns the chunk, that no other code uses the chunk or another view of
 * its memory, now or later.
 */
export function giveAwayChunk(chunk: Uint8Array): void {
  if (chunk.byteLength >= leastBytes && chunk.byteLength === chunk.buffer.byteLength) givenAway.add(chunk)
}

/**
 * Frees the memory of a chunk if the body's source gave it away; otherwise does nothing. The chunk
 * is empty afterwards, so call it only after every use of the bytes, such as writing them to a
 * file, has ended.
 */
export function freeChunk(chunk: Uint8Array): void {
  if (givenAway.delete(chunk) && chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0)
}
