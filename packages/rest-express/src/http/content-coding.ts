/**
 * Content-Encoding of what is stored (RFC 9110, 8.4): kept with the file, and sent with its downloads.
 */
import { RequestError } from './request-error.js'

/** IANA's registry of content codings, without `identity`, which says nothing. */
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
 * The codings of a stated Content-Encoding as they are stored; `undefined` when there are none. 415 for anything else:
 * browsers do not show what has `utf-8` there, and `aws-chunked` puts signatures between the bytes of the file.
 */
export function contentEncoding(header: string): string | undefined {
  const stated = header.split(',').map((coding) => coding.trim().toLowerCase())
  const unknown = stated.find((coding) => coding !== 'identity' && !codings.includes(coding))
  if (unknown !== undefined) {
    const accepted = codings.join(', ')
    const message = `Content-Encoding ${JSON.stringify(unknown)} is no content coding (known: ${accepted})`
    throw new RequestError(415, 'TYPE_NOT_ALLOWED', message, { 'Accept-Encoding': accepted })
  }
  const kept = stated.filter((coding) => coding !== 'identity')
  return kept.length === 0 ? undefined : kept.join(', ')
}
