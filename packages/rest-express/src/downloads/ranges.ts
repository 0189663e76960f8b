/**
 * The Range header (RFC 9110, 14.2).
 */
import type { ByteRange } from '@stowage/core'

/**
 * The range of bytes in a header. `undefined` if the whole file has to be sent: no header, a unit
 * other than bytes, a malformed range (also one that ends before its start), or several ranges.
 */
export function parseRange(header: string | undefined): ByteRange | undefined {
  if (header === undefined) return undefined
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header)
  if (match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '') return last === '' ? undefined : { suffix: position(last) }
  const start = position(first)
  if (last === '') return { start }
  const end = position(last)
  return end < start ? undefined : { start, end }
}

/** A number of any length, limited to a safe integer: no file is longer. */
const position = (digits: string) => Math.min(Number(digits), Number.MAX_SAFE_INTEGER)
