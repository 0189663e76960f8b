/** Ranges of the members of a sorted set, which Redis orders by their bytes. */

/** Members with a prefix, after one of them. */
export const rangeOf = (prefix: string, after = ''): [Buffer, Buffer] => {
  const isAfter = after !== '' && Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0
  // No byte of UTF-8 is 0xff.
  const end = Buffer.concat([Buffer.from(`(${prefix}`), Buffer.of(0xff)])
  return [Buffer.from(isAfter ? `(${after}` : `[${prefix}`), end]
}
