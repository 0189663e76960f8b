import { MIMEType } from 'node:util'
import { trimEnd } from './trim-end.js'

/** Characters, the limit of core. Node's parser takes quadratic time for some types. */
const maxLength = 255

/** A parameter of a media type; `undefined` if it is missing, or the text is not a media type. */
export const mediaTypeParameter = (contentType: string, name: string): string | undefined =>
  parse(contentType)?.params.get(name) ?? undefined

/**
 * A Content-Type without tabs and without semicolons at its end; `undefined` if it is not a media
 * type.
 */
export const mediaType = (contentType: string): string | undefined =>
  parse(contentType) === undefined ? undefined : trimEnd(spaced(contentType), '; ')

/**
 * The media type with spaces instead of the tabs around its parameters, which are equivalent (RFC
 * 9110, 5.6.3). A tab in a quoted value is part of it, and such a type is refused.
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
