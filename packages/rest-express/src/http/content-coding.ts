/**
 * Content-Encoding of files (RFC 9110, 8.4): stored with the file, and sent with its downloads.
 */
import { RequestError } from './request-error.js'

/** The content codings in IANA's registry, except `identity`, which is the same as none. */
const codings = [
  'aes128gcm',
  'br',
  'compress',
  'dcb',
  'dcz',
  'deflate',
  'exi',
  'gzip',
  'pack200-gzip',
  'x-compress',
  'x-gzip',
  'zstd',
]

/**
 * The codings of a Content-Encoding header in stored form; `undefined` if there are none. Fails
 * with 415 for any other value: browsers do not display a file with `utf-8` there, and
 * `aws-chunked` inserts signatures between the bytes of the file.
 */
export function contentEncoding(header: string): string | undefined {
  const stated = header.split(',').map((coding) => coding.trim().toLowerCase())
  const unknown = stated.find((coding) => coding !== 'identity' && !codings.includes(coding))
  if (unknown !== undefined) {
    const accepted = codings.join(', ')
    const message = `unknown Content-Encoding ${JSON.stringify(unknown)} (known: ${accepted})`
    throw new RequestError(415, 'TYPE_NOT_ALLOWED', message, { 'Accept-Encoding': accepted })
  }
  const kept = stated.filter((coding) => coding !== 'identity')
  return kept.length === 0 ? undefined : kept.join(', ')
}
