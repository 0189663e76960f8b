/**
 * Reads a form: its fields, and its files, whose content follows while the form arrives.
 */
import { StorageError } from '@stowage/core'
import { BytePipe } from '@stowage/core/provider'
import type { RequestBody } from '../http/request-body.js'
import type { UploadRules } from '../options.js'
import { decodeText } from './charset.js'
import { FormParts } from './form-parts.js'
import { malformedForm } from './malformed-form.js'
import { MulterForm, type ReportedField } from './multer-form.js'
import type { PartHead } from './part-head.js'

export interface FieldPart {
  readonly kind: 'field'
  readonly name: string
  readonly value: string
}

/** The headers of a file, and its content. */
export interface FilePart {
  readonly kind: 'file'
  readonly field: string
  readonly filename: string
  /** The type that the client states, with parameters. */
  readonly contentType: string | undefined
  readonly content: BytePipe
}

/**
 * Bytes of a form outside of files and fields: boundaries, headers of parts, preamble and epilogue.
 */
const overheadBytes = 1024 * 1024
const overheadBytesPerPart = 32 * 1024

/**
 * Yields the parts of a form, in order. The form is read further when the next part is requested,
 * as fast as the content of the latest file is read. The content has to be read or destroyed: until
 * then, the next part does not come. Throws if the form is malformed or exceeds a limit.
 */
export async function* readForm(
  body: RequestBody,
  boundary: string,
  rules: UploadRules,
): AsyncGenerator<FieldPart | FilePart, void> {
  const parts = new FormParts(boundary)
  const multer = new MulterForm(boundary, rules)
  const fields = new FieldReader(rules)
  let head: PartHead | undefined
  /** The content of the current part, if it is a file. */
  let content: BytePipe | undefined
  let received = 0
  let contentBytes = 0
  let partCount = 0
  for await (const chunk of body) {
    received += chunk.length
    for (const event of parts.read(chunk)) {
      if (event.kind === 'content') {
        if (content !== undefined) {
          contentBytes += event.bytes.length
          await content.write(event.bytes)
        } else if (head?.kind === 'field') {
          multer.write(event.bytes)
        } else {
          throw malformedForm(`part ${JSON.stringify(head?.name)} has content but no filename`)
        }
        continue
      }
      content?.end()
      content = undefined
      const before = head
      head = event.kind === 'part' ? event.head : undefined
      const field = head === undefined ? multer.close() : multer.begin(head)
      if (field !== undefined && before?.kind === 'field') yield fields.read(before, field)
      if (head === undefined) continue
      partCount++
      if (head.kind !== 'file') continue
      content = new BytePipe()
      const { name, filename, contentType } = head
      yield { kind: 'file', field: name, filename, contentType, content }
    }
    if (received - contentBytes - fields.bytes > overheadBytes + overheadBytesPerPart * partCount) {
      throw new StorageError('TOO_LARGE', 'the form has too many bytes outside of its files and fields')
    }
  }
  parts.end()
  await multer.finished()
}

type FieldHead = Extract<PartHead, { kind: 'field' }>

/** Decodes fields, and limits their size. */
class FieldReader {
  readonly #maxBytes: number
  /** Bytes of all names and values. */
  bytes = 0

  constructor({ maxFieldsSize }: UploadRules) {
    this.#maxBytes = maxFieldsSize
  }

  read({ name, charset }: FieldHead, { value, truncated }: ReportedField): FieldPart {
    this.bytes += Buffer.byteLength(name) + value.length
    if (truncated || this.bytes > this.#maxBytes) {
      throw new StorageError('TOO_LARGE', `the fields of the form have more than ${this.#maxBytes} bytes`)
    }
    const text = decodeText(Buffer.from(value, 'latin1'), charset)
    if (text === undefined) throw malformedForm(`the value of field ${JSON.stringify(name)} is not ${charset}`)
    return { kind: 'field', name, value: text }
  }
}
