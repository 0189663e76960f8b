/**
 * Memory of chunks, given back when they are done with and not when the collector comes to it.
 *
 * A chunk from a socket is memory outside of the JavaScript heap, and for every 30 to 40 MiB of it
 * the engine collects its whole heap, which is a third of what receiving a large file costs.
 * Freeing a chunk that somebody else still has would be much worse. So both sides must agree to it:
 * the source says that it has no more use for the chunk, and whoever takes the chunk last, and
 * copied its bytes, frees it. One who knows nothing of all this leaves it to the collector, and is
 * right too.
 */

const givenAway = new WeakSet<Uint8Array>()

/** Bytes: freeing less costs as much as it saves. */
const leastBytes = 16_384

/**
 * Says of a chunk, before a body hands it out, that nobody else has it or any other view of its
 * memory, and never will.
 */
export function giveAwayChunk(chunk: Uint8Array): void {
  if (chunk.byteLength >= leastBytes && chunk.byteLength === chunk.buffer.byteLength) givenAway.add(chunk)
}

/**
 * Frees the memory of a chunk of a body that was read, if the body's source gave it away; does
 * nothing otherwise. Not to be called as long as anything is done with the bytes, such as writing
 * them to a file: the chunk is empty afterwards.
 */
export function freeChunk(chunk: Uint8Array): void {
  if (givenAway.delete(chunk) && chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0)
}
