/**
 * The Content-Disposition of a part (RFC 7578, 4.2), as browsers, curl, Postman and HTTP libraries
 * write it. All of them quote differently.
 *
 * A header with one interpretation is accepted. A header with none, or with two, fails: servers
 * that guess, or drop the part, lose files.
 */

import { trimEnd } from '../http/trim-end.js'
import { decodeText } from './charset.js'
import { malformedForm } from './malformed-form.js'

export interface FormDisposition {
  /** The name of the field; never empty. */
  readonly name: string
  /** `undefined` if the part has none, or an empty one. */
  readonly filename: string | undefined
}

const formData = /^form-data[ \t]*(?=;|$)/i
const separators = /[; \t]*/y
/** The name of a parameter, up to its value. */
const parameterName = /([^ \t=;"]+)[ \t]*=[ \t]*/y
/**
 * A value in which each quote and backslash is escaped (RFC 2183, 2), as Go and older curl write
 * it.
 */
const escapedValue = /"((?:[^"\\]|\\["\\])*)"[ \t]*(?=;|$)/y
/**
 * A value without backslash escapes (`"a\b.txt"`), as browsers write it. Or a value that contains
 * quotes (`"a "b".txt"`), as the package form-data writes it, if it has no semicolon, after which
 * another parameter could begin.
 */
const literalValue = /"([^"]*|[^;]*?)"[ \t]*(?=;|$)/y
/** An unquoted value, which may contain blanks. */
const bareValue = /([^";]*)(?=;|$)/y

/** Parses the value of the header, with one character per byte. */
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
  /** If the pattern matches next, moves past it and returns its group. */
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
      throw malformedForm('the Content-Disposition of a part cannot be parsed')
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

/**
 * The value of `name` or `filename`. The extended form (`filename*`, RFC 8187) takes precedence if
 * it can be decoded.
 */
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

/** Browsers escape only these (HTML, "multipart/form-data encoding algorithm"). */
const unescapeName = (name: string) => name.replace(/%0A|%0D|%22/gi, decodeURIComponent)

/** Decodes `charset'language'percent-encoded`; `undefined` if it is empty or cannot be decoded. */
function decodeExtended(value: string): string | undefined {
  const [, charset = '', encoded = ''] = /^([^']*)'[^']*'(.*)$/s.exec(value) ?? []
  if (/%(?![0-9a-f]{2})/i.test(encoded)) return undefined
  const bytes = encoded.replace(/%(..)/g, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return decodeText(Buffer.from(bytes, 'latin1'), charset) || undefined
}
