/**
 * The Content-Disposition of a form's part (RFC 7578, 4.2), as browsers, curl, Postman and HTTP
 * libraries write it: no two of them quote in the same way.
 *
 * Whatever has one meaning is read. Whatever has none, or two, fails: servers that guess here, or
 * drop the part, lose files.
 */

import { trimEnd } from '../http/trim-end.js'
import { decodeText } from './charset.js'
import { malformedForm } from './malformed-form.js'

export interface FormDisposition {
  /** The name of the field; never empty. */
  readonly name: string
  /** `undefined` when the part states none, or an empty one. */
  readonly filename: string | undefined
}

const formData = /^form-data[ \t]*(?=;|$)/i
const separators = /[; \t]*/y
/** A parameter's name, up to its value. */
const parameterName = /([^ \t=;"]+)[ \t]*=[ \t]*/y
/** A value of which each quote and backslash is escaped (RFC 2183, 2): Go and older curl. */
const escapedValue = /"((?:[^"\\]|\\["\\])*)"[ \t]*(?=;|$)/y
/**
 * A value of which nothing is escaped by a backslash (`"a\b.txt"`), as browsers write it; or one
 * with quotes in it (`"a "b".txt"`), as the package form-data writes it, if it has no semicolon,
 * behind which another parameter could begin.
 */
const literalValue = /"([^"]*|[^;]*?)"[ \t]*(?=;|$)/y
/** A value without quotes, which may hold blanks. */
const bareValue = /([^";]*)(?=;|$)/y

/** Reads a header's value, given as one character for each byte. */
export function formDisposition(header: string): FormDisposition {
  const type = formData.exec(header)
  if (type === null) throw malformedForm('the Content-Disposition of a part is not "form-data"')
  const parameters = readParameters(header, type[0].length)
  const name = textOf(parameters, 'name')
  if (name === undefined || name === '') throw malformedForm('a part has no name')
  return { name, filename: textOf(parameters, 'filename') || undefined }
}

function readParameters(header: string, start: number): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  let position = start
  /** Moves behind the pattern, if it comes next, and returns its group. */
  const read = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position
    const found = pattern.exec(header)
    if (found !== null) position = pattern.lastIndex
    return found?.[1]
  }
  for (read(separators); position < header.length; read(separators)) {
    const key = read(parameterName)?.toLowerCase()
    const value = readValue(read)
    if (key === undefined || value === undefined) {
      throw malformedForm('the Content-Disposition of a part cannot be read')
    }
    if (parameters.has(key)) throw malformedForm(`the Content-Disposition of a part has two parameters "${key}"`)
    parameters.set(key, value)
  }
  return parameters
}

function readValue(read: (pattern: RegExp) => string | undefined): string | undefined {
  const quoted = read(escapedValue)?.replace(/\\(["\\])/g, '$1') ?? read(literalValue)
  if (quoted !== undefined) return quoted
  const bare = read(bareValue)
  return bare === undefined ? undefined : trimEnd(bare, ' \t')
}

/** `name` or `filename`. The extended form (`filename*`, RFC 8187) counts where it can be read. */
function textOf(parameters: ReadonlyMap<string, string>, key: 'name' | 'filename'): string | undefined {
  if (parameters.has(`${key}*0`) || parameters.has(`${key}*0*`)) {
    throw malformedForm(`the ${key} of a part is split into several parameters (RFC 2231), which is not supported`)
  }
  const extended = parameters.get(`${key}*`)
  const plain = parameters.get(key)
  const text = extended === undefined ? undefined : decodeExtended(extended)
  if (text !== undefined) return text
  if (plain !== undefined) return unescapeName(decodePlain(plain, key))
  if (extended !== undefined) throw malformedForm(`the "${key}*" of a part cannot be decoded`)
  return undefined
}

function decodePlain(value: string, key: string): string {
  if (!/[^\x00-\x7f]/.test(value)) return value
  const text = decodeText(Buffer.from(value, 'latin1'), 'utf-8')
  if (text === undefined) throw malformedForm(`the ${key} of a part is not UTF-8`)
  return text
}

/** Browsers escape these and nothing else (HTML, "multipart/form-data encoding algorithm"). */
const unescapeName = (name: string) => name.replace(/%0A|%0D|%22/gi, decodeURIComponent)

/** `charset'language'percent-encoded`; `undefined` when it is empty or cannot be decoded. */
function decodeExtended(value: string): string | undefined {
  const [, charset = '', encoded = ''] = /^([^']*)'[^']*'(.*)$/s.exec(value) ?? []
  if (/%(?![0-9a-f]{2})/i.test(encoded)) return undefined
  const bytes = encoded.replace(/%(..)/g, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return decodeText(Buffer.from(bytes, 'latin1'), charset) || undefined
}
