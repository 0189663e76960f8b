import { MIMEType } from 'node:util'
import { trimEnd } from './trim-end.js'

/** Characters: what core stores. Node's parser takes quadratic time for some types. */
const maxLength = 255

/** A parameter of a media type; `undefined` when it has none, or is not a media type. */
export const mediaTypeParameter = (contentType: string, name: string): string | undefined =>
  parse(contentType)?.params.get(name) ?? undefined

/** A Content-Type without semicolons at its end and tabs; `undefined` when it is not a media type. */
export const mediaType = (contentType: string): string | undefined =>
  parse(contentType) === undefined ? undefined : trimEnd(spaced(contentType), '; ')

/**
 * The media type with spaces in place of the tabs around its parameters, which mean the same (RFC
 * 9110, 5.6.3). Within a quoted value they are part of it, and the type is refused.
 */
export const spaced = (type: string): string =>
  type.replaceAll(/"(?:[^"\\]|\\.)*"?|\t/g, (found) => (found === '\t' ? ' ' : found))

function parse(contentType: string): MIMEType | undefined {
  try {
    return contentType.length > maxLength ? undefined : new MIMEType(contentType)
  } catch {
    return undefined
  }
}
