/**
 * The content of files: bytes that do not compress, the same in every run.
 */
export const MiB = 1024 ** 2
export const GiB = 1024 ** 3

export const content: Buffer = randomBytes(MiB)

/** xorshift32. */
function randomBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length)
  let state = 0x9e3779b9
  for (let index = 0; index < length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[index] = state & 0xff
  }
  return bytes
}
