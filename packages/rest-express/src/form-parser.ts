/**
 * multer, held at arm's length. It parses the form and calls our storage engine; everything it would do with the request itself is
 * done here instead, because it would keep reading a refused request to its end before it says so, and would make nested objects of
 * fields named `a[b]`.
 *
 * It sees the form's delimiters, the headers of its parts, its fields, and the beginnings of its files. The rest of a file is handed to
 * whoever stores it directly, up to the next delimiter: see `#direct`.
 */
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable, Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isStorageError, StorageError } from '@stowage/core'
import multer from 'multer'
import { FileContent } from './file-content.js'
import { FormDelimiters } from './form-delimiters.js'
import type { FilePart } from './form-file.js'
import type { Parties } from './incoming.js'
import type { UploadRules } from './options.js'
import { RequestBody } from './request-body.js'
import { RequestError } from './request-error.js'

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

const malformed = (message: string) => new StorageError('INVALID_ARGUMENT', `the form is not well-formed: ${message}`)

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

/** A file of which there may be more to come. */
interface OpenFile {
  /** Where the parser puts what it sees of the content. */
  readonly parsed: Readable
  readonly content: FileContent
}

export class FormParser {
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #rules: UploadRules
  readonly #receiver: FormReceiver
  readonly #fields: Record<string, string[]> = Object.create(null)
  readonly #outcome = Promise.withResolvers<void>()
  readonly #standIn: StandIn
  readonly #delimiters: FormDelimiters
  readonly #open = new Set<OpenFile>()
  /**
   * The file whose content goes on up to the next delimiter. A delimiter begins at most one part. When the parser has told of one for each
   * delimiter but the last, then the file that it tells of now was begun by the last delimiter, and not by one before it, in the headers
   * of whose part a delimiter stood: these headers have ended, and nothing but content follows. (In a form with a preamble it is never known.)
   */
  #current: FileContent | undefined
  /** The same, once the parser holds nothing of it back, so that what comes next may pass it by. */
  #direct: FileContent | undefined
  #failure: { readonly error: unknown } | undefined
  #begun = false
  #fieldBytes = 0
  /** Files and fields that the parser has told of. */
  #partCount = 0
  /** Those that have come in. The first stands at the very beginning, without the CRLF that the others have. */
  #delimiterCount = 1
  #unended = 0
  #received = 0
  #accounted = 0
  #wake: (() => void) | undefined
  // Bound, for the reason that `RequestBody` tells.
  readonly #onWritten = this.#written.bind(this)

  /** `boundary`: as it is in the request's content type. */
  constructor({ req, res }: Parties, boundary: string, rules: UploadRules, receiver: FormReceiver) {
    this.#req = req
    this.#res = res
    this.#rules = rules
    this.#receiver = receiver
    this.#delimiters = new FormDelimiters(boundary)
    this.#standIn = new StandIn(this, boundary)
  }

  /** For multer. */
  get limits(): multer.Options['limits'] {
    const { maxFields, maxFiles, maxFieldsSize } = this.#rules
    return { fields: maxFields, files: maxFiles, parts: maxFields + maxFiles, fieldSize: maxFieldsSize }
  }

  /** The form's fields, when all of it is stored. */
  async run(): Promise<Record<string, string[]>> {
    // The stand-in has what multer looks at; the answer it does not look at.
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
    if (!this.#begun) throw malformed('it is empty')
    return this.#fields
  }

  /** From multer: it has come to its end. */
  ended(error: unknown): void {
    if (error === undefined || error === null) this.#outcome.resolve()
    else this.fail(isKnown(error) ? error : malformed(error instanceof Error ? error.message : 'it cannot be read'))
  }

  /** For multer: a file has begun. */
  handleFile({ fieldname, originalname, mimetype, stream }: HandledFile, callback: HandledCallback): void {
    const content = this.#openFile(stream)
    const part = { field: fieldname, filename: originalname, type: mimetype.toLowerCase(), content }
    this.#receiver.receive(part).then(
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
    for (const { content } of this.#open) content.fail(error)
    this.#wake?.()
  }

  /** Called by the parser from within `#parse`, before the file is counted. */
  #openFile(parsed: Readable): FileContent {
    const content = new FileContent()
    const file = { parsed, content }
    this.#open.add(file)
    parsed.once('end', this.#endFile.bind(this, file))
    parsed.once('error', failCut.bind(undefined, content))
    if (this.#partCount === this.#delimiterCount - 1) this.#current = content
    return content
  }

  #endFile(file: OpenFile): void {
    this.#open.delete(file)
    file.content.end()
  }

  /** For multer: the form is to be fed to its parser. */
  follow(parser: Writable): void {
    this.#begun = true
    // Fields keep the names they came with. multer would make nested objects of those with brackets, and for minutes, if `a[x]` follows
    // `a[4294967294]`.
    parser.removeAllListeners('field')
    parser.on('field', (name: string | undefined, value: string, info: { valueTruncated: boolean }) =>
      this.#addField(name, value, info.valueTruncated),
    )
    parser.on('file', (name: string | undefined, stream: Readable, info: { filename?: string }) => {
      this.#partCount++
      this.#unended++
      stream.once('end', () => this.#unended--)
      if (name === undefined) this.fail(malformed('a file has no field name'))
      // Without a filename it is the empty file input of a browser, unless there is something in it.
      else if (!info.filename) stream.on('data', () => this.fail(malformed('a part of bytes has no filename')))
    })
    parser.on('error', (error: Error) => this.fail(malformed(error.message)))
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

  #addField(encodedName: string | undefined, value: string, truncated: boolean): void {
    if (encodedName === undefined) {
      this.fail(malformed('a field has no name'))
      return
    }
    this.#partCount++
    const name = encodedName.replace(/%0A|%0D|%22/gi, decodeURIComponent)
    this.#fieldBytes += Buffer.byteLength(encodedName) + Buffer.byteLength(value)
    if (truncated || this.#fieldBytes > this.#rules.maxFieldsSize) {
      this.fail(new StorageError('TOO_LARGE', `the form's fields have more than ${this.#rules.maxFieldsSize} bytes`))
      return
    }
    this.#fields[name] ??= []
    this.#fields[name]?.push(value)
  }

  async #feed(parser: Writable): Promise<void> {
    for await (const chunk of new RequestBody(this.#req, this.#res, this.#rules.idleTimeout)) {
      this.#received += chunk.length
      for (const { bytes, startsWithDelimiter } of this.#delimiters.split(chunk)) {
        if (this.#failure !== undefined) return
        if (startsWithDelimiter) {
          this.#delimiterCount++
          this.#current = undefined
          this.#direct = undefined
        }
        if (this.#direct === undefined) await this.#parse(parser, bytes)
        else await this.#give(this.#direct, bytes)
      }
      if (this.#failure !== undefined) return
      const overhead = this.#received - this.#accounted - this.#fieldBytes
      if (overhead > overheadBytes + overheadBytesPerPart * this.#partCount) {
        throw new StorageError('TOO_LARGE', 'the form has too many bytes outside of its files and fields')
      }
    }
    parser.end(this.#delimiters.rest)
    if (this.#unended === 0) return
    // Ends come late. One that never comes is of a file whose headers ended behind a delimiter, and which the next part took the place of.
    await nextTurn()
    if (this.#unended > 0) throw malformed('a part begins in the headers of another')
  }

  /** Settles when the parser is done with the bytes, and the files with what it made of them. */
  async #parse(parser: Writable, bytes: Buffer): Promise<void> {
    parser.write(bytes, this.#onWritten)
    for (const { parsed, content } of this.#open) {
      for (let chunk: Buffer | null = parsed.read(); chunk !== null; chunk = parsed.read()) {
        await this.#give(content, chunk)
      }
    }
    while (parser.writableLength > 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (!this.#delimiters.mayBeginAtEndOf(bytes)) this.#direct = this.#current
    await this.#receiver.settled()
  }

  #written(): void {
    this.#wake?.()
  }

  async #give(content: FileContent, bytes: Buffer): Promise<void> {
    this.#accounted += bytes.length
    await content.give(bytes)
  }
}

const failCut = (content: FileContent) => content.fail(malformed('it ends in the middle of a file'))

/** Whether an error already says what it is, and is not one of the parser's own. */
const isKnown = (error: unknown) => isStorageError(error) || error instanceof RequestError
