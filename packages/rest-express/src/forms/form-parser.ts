/**
 * multer, held at arm's length. It is given a stand-in for the request, because with the request
 * itself it would keep reading a refused one to its end before it says so.
 *
 * multer and its parser drop a part that they do not understand without a word. So each part is
 * announced to them in a form that has one reading, under a number in place of its name, and has to
 * be reported under that number: a part that is not, fails the form. They get the content of fields,
 * and hold the limits on parts; the content of files goes from the request to its receiver directly.
 */
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { isStorageError, StorageError, unknownContentType } from '@stowage/core'
import multer from 'multer'
import { RequestBody } from '../http/request-body.js'
import { RequestError } from '../http/request-error.js'
import type { UploadRules } from '../options.js'
import type { Parties } from '../routes/upload-rules.js'
import { decodeText } from './charset.js'
import { FileContent } from './file-content.js'
import type { FilePart } from './form-file.js'
import { type FormEvent, FormParts } from './form-parts.js'
import { malformedForm } from './malformed-form.js'
import type { PartHead } from './part-head.js'

export interface FormReceiver {
  /** A file begins. Settles when it is stored. */
  receive(part: FilePart): Promise<void>
  /** Settles when the files that have begun are on their way: the form is not read further until then. */
  settled(): Promise<void>
  /** The form has arrived whole and is well-formed. */
  complete(): Promise<void>
  /** The form has failed; called once. */
  failed(error: unknown): void
}

/** Bytes of a form that are neither files nor fields: boundaries, headers of parts, and what stands before and after. */
const overheadBytes = 1024 * 1024
const overheadBytesPerPart = 32 * 1024

type Middleware = ReturnType<multer.Multer['any']>
type StorageEngine = NonNullable<multer.Options['storage']>
type HandledFile = Parameters<StorageEngine['_handleFile']>[1]
type HandledCallback = Parameters<StorageEngine['_handleFile']>[2]

/** What multer takes for the request: it has the headers, and no bytes. */
class StandIn extends EventEmitter {
  readonly readable = true
  readonly headers: Readonly<Record<string, string>>
  destroyed = false
  /** Whose it is, until the form is done: multer and its parser live on for a while, and the form need not. */
  parser: FormParser | undefined

  constructor(parser: FormParser, boundary: string) {
    super()
    this.parser = parser
    // Read once, so that no two readers of the content type differ about the boundary.
    this.headers = {
      'content-type': `multipart/form-data; boundary="${boundary}"`,
      'transfer-encoding': 'chunked',
    }
  }

  /** multer has come to its end. */
  next(error?: unknown): void {
    this.parser?.ended(error)
  }

  resume(): void {
    // There is nothing to read.
  }

  unpipe(): void {
    // Nothing was piped.
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    process.nextTick(() => this.emit('close'))
  }
}

/** multer never sees another request than the one that it was given. */
const parserOf = (req: unknown) => (req as StandIn).parser

const options: multer.Options & {
  readonly limits: (req: unknown) => multer.Options['limits']
  readonly streamHandler: (req: unknown, parser: Writable) => void
} = {
  storage: {
    _handleFile: (req, file, callback) => parserOf(req)?.handleFile(file, callback),
    // What was stored is undone by the receiver, which knows what there was before.
    _removeFile: (_req, _file, callback) => callback(null),
  },
  preservePath: true,
  defParamCharset: 'utf8',
  limits: (req) => parserOf(req)?.limits,
  streamHandler: (req, parser) => parserOf(req)?.follow(parser),
}
const parse: Middleware = multer(options).any()

/** A part that was announced to multer. */
interface AnnouncedPart {
  /** What multer takes for its name. */
  readonly id: string
  readonly head: PartHead
}

export class FormParser {
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #boundary: string
  readonly #rules: UploadRules
  readonly #receiver: FormReceiver
  readonly #fields: Record<string, string[]> = Object.create(null)
  readonly #outcome = Promise.withResolvers<void>()
  readonly #standIn: StandIn
  /** The parts that multer has not reported yet, in their order. */
  readonly #unreported: AnnouncedPart[] = []
  /** The part whose content comes in. */
  #part: PartHead | undefined
  /** That content, when the part is a file. */
  #content: FileContent | undefined
  #failure: { readonly error: unknown } | undefined
  #partCount = 0
  #fieldBytes = 0
  #received = 0
  #accounted = 0

  /** `boundary`: as it is in the request's content type. */
  constructor({ req, res }: Parties, boundary: string, rules: UploadRules, receiver: FormReceiver) {
    this.#req = req
    this.#res = res
    this.#boundary = boundary
    this.#rules = rules
    this.#receiver = receiver
    this.#standIn = new StandIn(this, boundary)
  }

  /** For multer. */
  get limits(): multer.Options['limits'] {
    const { maxFields, maxFiles, maxFieldsSize } = this.#rules
    return { fields: maxFields, files: maxFiles, parts: maxFields + maxFiles, fieldSize: maxFieldsSize }
  }

  /** The form's fields, when all of it is stored. */
  async run(): Promise<Record<string, string[]>> {
    // The stand-in has what multer reads of a request. Of the response it reads nothing.
    parse(
      this.#standIn as unknown as Parameters<Middleware>[0],
      {} as Parameters<Middleware>[1],
      this.#standIn.next.bind(this.#standIn),
    )
    try {
      await this.#outcome.promise
    } finally {
      this.#standIn.parser = undefined
    }
    return this.#fields
  }

  /** From multer: it has come to its end. */
  ended(error: unknown): void {
    if (error === undefined || error === null) this.#outcome.resolve()
    else this.fail(isKnown(error) ? error : malformedForm(error instanceof Error ? error.message : 'it cannot be read'))
  }

  /** From multer: the part that was announced last is a file. */
  handleFile({ stream }: HandledFile, callback: HandledCallback): void {
    // The content does not pass through it.
    stream.resume()
    if (this.#part?.kind !== 'file') {
      callback(new Error('this part is not a file'))
      return
    }
    const { name: field, filename, contentType } = this.#part
    this.#content = new FileContent()
    this.#receiver.receive({ field, filename, contentType, content: this.#content }).then(
      () => callback(null, {}),
      (error: unknown) => {
        this.fail(error)
        // multer adds to the error that it gets, so it does not get ours.
        callback(new Error('the file was not stored'))
      },
    )
  }

  /** Ends it: the first failure counts. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.#receiver.failed(error)
    this.#standIn.destroy()
    this.#outcome.reject(error)
    this.#content?.fail(error)
  }

  /** For multer: the form is to be fed to its parser. */
  follow(parser: Writable): void {
    // multer's own listener would make nested objects of fields named `a[b]`.
    parser.removeAllListeners('field')
    parser.on('field', (id: string, value: string, info: { valueTruncated: boolean }) => {
      const part = this.#reported(id)
      if (part?.kind === 'field') this.#addField(part, value, info.valueTruncated)
    })
    parser.on('file', (id: string) => void this.#reported(id))
    parser.on('error', (error: Error) => this.fail(malformedForm(error.message)))
    for (const [event, what] of [
      ['fieldsLimit', `${this.#rules.maxFields} fields`],
      ['filesLimit', `${this.#rules.maxFiles} files`],
      ['partsLimit', `${this.#rules.maxFields + this.#rules.maxFiles} parts`],
    ] as const) {
      parser.on(event, () => this.fail(new StorageError('TOO_LARGE', `the form has more than ${what}`)))
    }
    parser.on('finish', () => {
      this.#receiver.complete().catch((error: unknown) => this.fail(error))
    })
    this.#feed(parser).catch((error: unknown) => this.fail(error))
  }

  async #feed(parser: Writable): Promise<void> {
    const parts = new FormParts(this.#boundary)
    for await (const chunk of new RequestBody(this.#req, this.#res, this.#rules.idleTimeout)) {
      this.#received += chunk.length
      for (const event of parts.read(chunk)) {
        const taken = this.#take(parser, event)
        if (taken !== undefined) await taken
        if (this.#failure !== undefined) return
      }
      const overhead = this.#received - this.#accounted - this.#fieldBytes
      if (overhead > overheadBytes + overheadBytesPerPart * this.#partCount) {
        throw new StorageError('TOO_LARGE', 'the form has too many bytes outside of its files and fields')
      }
    }
    parts.end()
    parser.end()
  }

  /** Gives what has to be waited for, before the form is read further. */
  #take(parser: Writable, event: FormEvent): Promise<void> | undefined {
    if (event.kind === 'content') return this.#takeContent(parser, event.bytes)
    this.#content?.end()
    this.#content = undefined
    if (event.kind === 'part') {
      this.#announce(parser, event.head)
      return event.head.kind === 'file' ? this.#receiver.settled() : undefined
    }
    parser.write(`\r\n--${this.#boundary}--`)
    this.#checkReported(0)
    return undefined
  }

  /**
   * Tells multer of a part. Its parser works synchronously: afterwards it has reported every part
   * before, and this one if it is a file.
   */
  #announce(parser: Writable, head: PartHead): void {
    const id = String(this.#partCount++)
    this.#part = head
    this.#unreported.push({ id, head })
    parser.write(`\r\n--${this.#boundary}\r\nContent-Disposition: form-data; name="${id}"${announcedAs(head, id)}`)
    this.#checkReported(head.kind === 'field' ? 1 : 0)
  }

  /** A field is reported when the next delimiter ends it, and everything else at once. */
  #checkReported(pending: number): void {
    if (this.#failure === undefined && this.#unreported.length !== pending) throw malformedForm('a part cannot be read')
  }

  /** From multer's parser: a part, which must be the next one. */
  #reported(id: string): PartHead | undefined {
    const part = this.#unreported.shift()
    if (part?.id === id) return part.head
    this.fail(malformedForm('a part cannot be read'))
    return undefined
  }

  #takeContent(parser: Writable, bytes: Buffer): Promise<void> | undefined {
    if (this.#content !== undefined) {
      this.#accounted += bytes.length
      return this.#content.give(bytes)
    }
    if (this.#part?.kind !== 'field') {
      throw malformedForm(`the part ${JSON.stringify(this.#part?.name)} has content but no filename`)
    }
    parser.write(bytes)
    return undefined
  }

  /** `value`: one character for each byte. */
  #addField({ name, charset }: FieldHead, value: string, truncated: boolean): void {
    this.#fieldBytes += Buffer.byteLength(name) + value.length
    if (truncated || this.#fieldBytes > this.#rules.maxFieldsSize) {
      this.fail(new StorageError('TOO_LARGE', `the form's fields have more than ${this.#rules.maxFieldsSize} bytes`))
      return
    }
    const text = decodeText(Buffer.from(value, 'latin1'), charset)
    if (text === undefined) {
      this.fail(malformedForm(`the value of the field ${JSON.stringify(name)} is not ${charset}`))
      return
    }
    this.#fields[name] ??= []
    this.#fields[name]?.push(text)
  }
}

type FieldHead = Extract<PartHead, { kind: 'field' }>

/**
 * What makes busboy take a part for a file, for an empty file input, or for a field whose bytes it
 * gives as they are. It keeps back what may begin a delimiter, such as the line break after the
 * headers, and reports a file when something else follows: hence the one byte of content.
 */
function announcedAs({ kind }: PartHead, id: string): string {
  if (kind === 'file') return `; filename="${id}"\r\n\r\nx`
  if (kind === 'empty') return `\r\nContent-Type: ${unknownContentType}\r\n\r\nx`
  return '\r\nContent-Type: text/plain; charset=latin1\r\n\r\n'
}

/** Whether an error already says what it is, and is not one of the parser's own. */
const isKnown = (error: unknown) => isStorageError(error) || error instanceof RequestError
