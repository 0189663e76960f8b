/**
 * The headers of a part (RFC 7578, 4).
 */
import { unknownContentType } from '@stowage/core'
import { mediaType, mediaTypeParameter } from '../http/media-type.js'
import { trimEnd } from '../http/trim-end.js'
import { essence } from '../options.js'
import { isCharset } from './charset.js'
import { formDisposition } from './form-disposition.js'
import { malformedForm } from './malformed-form.js'

export type PartHead =
  | {
      readonly kind: 'file'
      readonly name: string
      readonly filename: string
      /**
       * The type that the client states, with parameters; `undefined` if it is missing or cannot be
       * parsed.
       */
      readonly contentType: string | undefined
    }
  | { readonly kind: 'field'; readonly name: string; readonly charset: string }
  /** A file input without a file: browsers send a part without filename and content. */
  | { readonly kind: 'empty'; readonly name: string }

/** The headers that a part may have once each; others are ignored (RFC 7578, 4.8). */
const known = ['content-disposition', 'content-type', 'content-transfer-encoding'] as const
type KnownHeader = (typeof known)[number]

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Encodings that do not change the content (RFC 2045, 6.2). */
const identityEncodings = new Set(['7bit', '8bit', 'binary'])

/** Parses the header lines of a part, without the empty line after them. */
export function partHead(bytes: Buffer): PartHead {
  const headers = readHeaders(bytes.toString('latin1'))
  const disposition = headers.get('content-disposition')
  if (disposition === undefined) throw malformedForm('a part has no Content-Disposition')
  const { name, filename } = formDisposition(disposition)
  const encoding = headers.get('content-transfer-encoding') ?? 'binary'
  if (!identityEncodings.has(encoding.toLowerCase())) {
    throw malformedForm(
      `part ${JSON.stringify(name)} has the Content-Transfer-Encoding ${JSON.stringify(encoding)}: send its bytes unencoded`,
    )
  }
  const contentType = mediaType(headers.get('content-type') ?? '')
  if (filename !== undefined) return { kind: 'file', name, filename, contentType }
  const type = essence(contentType ?? '')
  if (type === unknownContentType) return { kind: 'empty', name }
  if (type.startsWith('multipart/')) {
    throw malformedForm(
      `part ${JSON.stringify(name)} contains parts: send each file as a part of the form (RFC 7578, 4.3)`,
    )
  }
  return { kind: 'field', name, charset: fieldCharset(name, contentType) }
}

function fieldCharset(name: string, contentType: string | undefined): string {
  const charset = (contentType === undefined ? undefined : mediaTypeParameter(contentType, 'charset')) ?? 'utf-8'
  if (isCharset(charset)) return charset
  throw malformedForm(`field ${JSON.stringify(name)} has the unknown charset ${JSON.stringify(charset)}`)
}

function readHeaders(text: string): ReadonlyMap<KnownHeader, string> {
  const headers = new Map<KnownHeader, string>()
  // A line that begins with a blank continues the one before it.
  for (const line of text.replace(/\r\n(?=[ \t])/g, '').split('\r\n')) {
    if (line === '') continue
    const colon = line.indexOf(':')
    const field = line.slice(0, colon)
    const value = line.slice(colon + 1)
    if (colon === -1 || !token.test(field) || /[\r\n]/.test(value)) {
      throw malformedForm('a header of a part does not have the form "name: value"')
    }
    const name = known.find((header) => header === field.toLowerCase())
    if (name === undefined) continue
    if (headers.has(name)) throw malformedForm(`a part has two "${name}" headers`)
    headers.set(name, trimEnd(value, ' \t').replace(/^[ \t]+/, ''))
  }
  return headers
}
