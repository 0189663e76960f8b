/**
 * Finds the delimiters of a form by native search.
 *
 * busboy searches for delimiters in JavaScript, byte by byte, which takes a fifth of the time of an
 * upload. With this search, the content of files does not pass through busboy.
 */

import { mediaTypeParameter } from '../http/media-type.js'
import { malformedForm } from './malformed-form.js'

/**
 * A section of the form, in order. A delimiter is always complete and at the beginning of a piece.
 */
export interface FormPiece {
  readonly bytes: Buffer
  readonly startsWithDelimiter: boolean
}

const carriageReturn = 0x0d
const nothing = Buffer.alloc(0)
const lineBreak = Buffer.from('\r\n')

/**
 * Length of the prefix of a delimiter that is searched for first. For up to seven bytes, the engine
 * uses the native search for a byte, which takes half as long in the content of a file as its
 * algorithm for longer patterns.
 */
const searchedBytes = 7
/**
 * Matches of the prefix that are not delimiters, after which the whole delimiter is searched for: a
 * form may consist of them.
 */
const maxLookalikes = 16

/**
 * Splits a form into pieces before each delimiter: CRLF, two hyphens and the boundary (RFC 2046,
 * 5.1.1). The content of a part never contains a delimiter.
 */
export class FormDelimiters {
  readonly #delimiter: Buffer
  readonly #beginning: Buffer
  /**
   * The last bytes that have arrived, if they may begin a delimiter. The first delimiter of a form
   * may lack its CRLF, so the form is read as if a CRLF preceded it.
   */
  #held = lineBreak

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
    this.#beginning = this.#delimiter.subarray(0, searchedBytes)
  }

  /**
   * Returns the pieces that this chunk completes. They share its memory; a piece of the whole chunk
   * is the chunk itself.
   */
  split(chunk: Buffer): FormPiece[] {
    const pieces: FormPiece[] = []
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const end = bytes.length - this.#unfinished(bytes)
    this.#held = end === bytes.length ? nothing : Buffer.from(bytes.subarray(end))
    let start = 0
    let startsWithDelimiter = false
    const { length } = this.#delimiter
    for (let next = this.#find(bytes, 0); next !== -1; next = this.#find(bytes, next + length)) {
      if (next > start) pieces.push({ bytes: bytes.subarray(start, next), startsWithDelimiter })
      start = next
      startsWithDelimiter = true
    }
    if (end > start) {
      pieces.push({ bytes: end - start === bytes.length ? bytes : bytes.subarray(start, end), startsWithDelimiter })
    }
    return pieces
  }

  /** The length of a delimiter in bytes. */
  get length(): number {
    return this.#delimiter.length
  }

  /** The position of the next delimiter; -1 if there is none. */
  #find(bytes: Buffer, from: number): number {
    const delimiter = this.#delimiter
    let place = from
    for (let lookalikes = 0; lookalikes < maxLookalikes; lookalikes++) {
      place = bytes.indexOf(this.#beginning, place)
      if (place === -1) return -1
      const end = Math.min(place + delimiter.length, bytes.length)
      if (bytes.compare(delimiter, 0, delimiter.length, place, end) === 0) return place
      place++
    }
    return bytes.indexOf(delimiter, place)
  }

  /**
   * The number of bytes at the end that may begin a delimiter. Its only carriage return is its
   * first byte.
   */
  #unfinished(bytes: Buffer): number {
    const first = Math.max(0, bytes.length - this.#delimiter.length + 1)
    for (let start = bytes.length - 1; start >= first; start--) {
      if (bytes[start] !== carriageReturn) continue
      const length = bytes.length - start
      return bytes.compare(this.#delimiter, 0, length, start) === 0 ? length : 0
    }
    return 0
  }
}

/**
 * The boundary in the content type of a form: 1 to 70 visible characters and spaces (RFC 2046,
 * 5.1.1), without quotes.
 */
export function boundaryOf(contentType: string): string {
  const boundary = mediaTypeParameter(contentType, 'boundary')
  if (boundary !== undefined && /^[ !#-[\]-~]{1,70}$/.test(boundary)) return boundary
  throw malformedForm('its content type must state a boundary of 1 to 70 characters')
}
