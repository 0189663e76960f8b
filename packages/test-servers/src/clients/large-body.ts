import { createHash } from 'node:crypto'

const MiB = 1024 ** 2

/** Bytes of the large bodies of a suite: so many MiB, or as `STOWAGE_TEST_LARGE_MEBIBYTES` says. */
export const largeBodySize = (mebibytes: number): number =>
  Number(process.env['STOWAGE_TEST_LARGE_MEBIBYTES'] ?? mebibytes) * MiB

/**
 * A body of so many bytes in chunks of 1 MiB, no two of them alike, without a word of how many
 * come.
 */
export async function* largeBody(size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < size; start += MiB) {
    const chunk = Buffer.alloc(MiB, (start / MiB) % 251)
    chunk.writeUInt32BE(start / MiB)
    yield chunk.subarray(0, size - start)
  }
}

/** The SHA-256 of a body, in hexadecimal digits. */
export async function hashOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of content) hash.update(chunk)
  return hash.digest('hex')
}
