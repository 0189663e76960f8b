/**
 * Splits a form into parts: the headers and the content of each.
 *
 * Every delimiter either begins a part, whose headers are parsed here, or closes the form. There is
 * no third case, so no part can be dropped.
 */
import { FormDelimiters } from './form-delimiters.js'
import { malformedForm } from './malformed-form.js'
import { type PartHead, partHead } from './part-head.js'

/** The events of a form, in order: parts, each followed by its content, and the end. */
export type FormEvent =
  | { readonly kind: 'part'; readonly head: PartHead }
  /** Bytes of the latest part. A part has any number of these events. */
  | { readonly kind: 'content'; readonly bytes: Buffer }
  | { readonly kind: 'end' }

/** Bytes of the headers of a part, like Node's limit for a request. */
const maxHeadBytes = 16 * 1024
const nothing = Buffer.alloc(0)
const emptyLine = Buffer.from('\r\n\r\n')
const hyphen = 0x2d
/** The rest of the line of a delimiter: blanks, which gateways may add (RFC 2046, 5.1.1). */
const lineEnd = /^[ \t]*(?:\r\n|$)/

export class FormParts {
  readonly #delimiters: FormDelimiters
  #state: 'preamble' | 'head' | 'content' | 'epilogue' = 'preamble'
  /** The bytes after the delimiter while the headers of the part are incomplete. */
  #head: Buffer = nothing

  constructor(boundary: string) {
    this.#delimiters = new FormDelimiters(boundary)
  }

  /** Returns the events that this chunk completes. */
  *read(chunk: Buffer): Generator<FormEvent, void> {
    for (const { bytes, startsWithDelimiter } of this.#delimiters.split(chunk)) {
      if (startsWithDelimiter) this.#beginHead()
      const rest = startsWithDelimiter ? bytes.subarray(this.#delimiters.length) : bytes
      if (this.#state === 'head') yield* this.#readHead(rest)
      else if (this.#state === 'content') yield { kind: 'content', bytes: rest }
    }
  }

  /** Throws if the form is incomplete. */
  end(): void {
    if (this.#state === 'epilogue') return
    throw malformedForm(this.#state === 'preamble' ? 'it has no parts' : 'it ends before its closing delimiter')
  }

  #beginHead(): void {
    if (this.#state === 'head') throw malformedForm('a part ends within its headers')
    if (this.#state === 'epilogue') throw malformedForm('it continues after its closing delimiter')
    this.#state = 'head'
    this.#head = nothing
  }

  *#readHead(bytes: Buffer): Generator<FormEvent, void> {
    const read = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes])
    if (read[0] === hyphen && read[1] === hyphen) {
      this.#state = 'epilogue'
      yield { kind: 'end' }
      return
    }
    const end = read.indexOf(emptyLine, Math.max(0, this.#head.length - emptyLine.length + 1))
    if ((end === -1 ? read.length : end) > maxHeadBytes) {
      throw malformedForm(`a part has more than ${maxHeadBytes} bytes of headers`)
    }
    if (end === -1) {
      this.#head = Buffer.from(read)
      return
    }
    const line = lineEnd.exec(read.toString('latin1', 0, end))
    if (line === null) throw malformedForm('a delimiter is followed by other characters')
    this.#state = 'content'
    yield { kind: 'part', head: partHead(read.subarray(line[0].length, end)) }
    if (read.length > end + emptyLine.length) yield { kind: 'content', bytes: read.subarray(end + emptyLine.length) }
  }
}
