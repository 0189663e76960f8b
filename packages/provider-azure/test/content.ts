import { createHash } from 'node:crypto'

const MiB = 1024 ** 2

/** Chunks of 1 MiB, each of them different, without a word of how many come. */
export async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) {
    const chunk = Buffer.alloc(MiB, index % 251)
    chunk.writeUInt32BE(index)
    yield chunk
  }
}

/** The SHA-256 of {@link chunks}. */
export async function hashOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of content) hash.update(chunk)
  return hash.digest('hex')
}
