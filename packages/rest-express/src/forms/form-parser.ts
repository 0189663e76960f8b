/**
 * Parses forms with multer, which receives a stand-in for the request. With the request itself, it
 * would read a refused form to its end before it reports the error.
 *
 * multer and busboy silently drop a part that they cannot parse. Each part is therefore announced
 * to them with unambiguous headers and a number instead of its name, and they have to report it
 * under that number; otherwise the form fails. They receive the content of fields and enforce the
 * limits on parts. The content of files goes from the request directly to its receiver.
 */
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { isStorageError, StorageError, unknownContentType } from '@stowage/core'
import multer from 'multer'
import { RequestBody } from '../http/request-body.js'
import { RequestError } from '../http/request-error.js'
import type { UploadRules } from '../options.js'
import type { RequestAndResponse } from '../routes/upload-rules.js'
import { decodeText } from './charset.js'
import { FileContent } from './file-content.js'
import type { FilePart } from './form-file.js'
import { type FormEvent, FormParts } from './form-parts.js'
import { malformedForm } from './malformed-form.js'
import type { PartHead } from './part-head.js'

export interface FormReceiver {
  /** Starts to receive a file. Settles when it is stored. */
  receive(part: FilePart): Promise<void>
  /**
   * Settles when the files that have begun are being written. The form is not read further until
   * then.
   */
  settled(): Promise<void>
  /** Called when the whole form has arrived and is well-formed. */
  complete(): Promise<void>
  /** Called once if the form fails. */
  failed(error: unknown): void
}

/**
 * Bytes of a form outside of files and fields: boundaries, headers of parts, preamble and epilogue.
 */
const overheadBytes = 1024 * 1024
const overheadBytesPerPart = 32 * 1024

type Middleware = ReturnType<multer.Multer['any']>
type StorageEngine = NonNullable<multer.Options['storage']>
type HandledFile = Parameters<StorageEngine['_handleFile']>[1]
type HandledCallback = Parameters<StorageEngine['_handleFile']>[2]

/** The request that multer sees: it has headers, and no body. */
class StandIn extends EventEmitter {
  readonly readable = true
  readonly headers: Readonly<Record<string, string>>
  destroyed = false
  /**
   * The parser that it belongs to, until the form is done. multer and busboy keep the stand-in
   * longer, which must not keep the parser alive.
   */
  parser: FormParser | undefined

  constructor(parser: FormParser, boundary: string) {
    super()
    this.parser = parser
    // Parsed once, so that no two parsers of the content type derive different boundaries.
    this.headers = {
      'content-type': `multipart/form-data; boundary="${boundary}"`,
      'transfer-encoding': 'chunked',
    }
  }

  /** Called by multer when it has finished. */
  next(error?: unknown): void {
    this.parser?.ended(error)
  }

  resume(): void {
    // The stand-in has no data.
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

/** multer passes back the stand-in that it received. */
const parserOf = (req: unknown) => (req as StandIn).parser

const options: multer.Options & {
  readonly limits: (req: unknown) => multer.Options['limits']
  readonly streamHandler: (req: unknown, parser: Writable) => void
} = {
  storage: {
    _handleFile: (req, file, callback) => parserOf(req)?.handleFile(file, callback),
    // The receiver deletes what was stored; it knows which files are new.
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
  /** The name that multer sees. */
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
  /** The announced parts that multer has not reported yet, in order. */
  readonly #unreported: AnnouncedPart[] = []
  /** The current part. */
  #part: PartHead | undefined
  /** The content of the current part, if it is a file. */
  #content: FileContent | undefined
  #failure: { readonly error: unknown } | undefined
  #partCount = 0
  #fieldBytes = 0
  #received = 0
  #accounted = 0

  /** @param boundary The boundary in the content type of the request. */
  constructor({ req, res }: RequestAndResponse, boundary: string, rules: UploadRules, receiver: FormReceiver) {
    this.#req = req
    this.#res = res
    this.#boundary = boundary
    this.#rules = rules
    this.#receiver = receiver
    this.#standIn = new StandIn(this, boundary)
  }

  /** Called by multer. */
  get limits(): multer.Options['limits'] {
    const { maxFields, maxFiles, maxFieldsSize } = this.#rules
    return { fields: maxFields, files: maxFiles, parts: maxFields + maxFiles, fieldSize: maxFieldsSize }
  }

  /** Reads the form, and returns its fields when everything is stored. */
  async run(): Promise<Record<string, string[]>> {
    // The stand-in has the properties of a request that multer reads. It does not use the response.
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

  /** Called by multer when it has finished. */
  ended(error: unknown): void {
    if (error === undefined || error === null) this.#outcome.resolve()
    else this.fail(isKnown(error) ? error : malformedForm(error instanceof Error ? error.message : 'unknown error'))
  }

  /** Called by multer if the part that was announced last is a file. */
  handleFile({ stream }: HandledFile, callback: HandledCallback): void {
    // The content does not pass through this stream.
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
        // multer modifies the error that it receives, so it does not receive the original one.
        callback(new Error('the file was not stored'))
      },
    )
  }

  /** Fails the form. Only the first error counts. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.#receiver.failed(error)
    this.#standIn.destroy()
    this.#outcome.reject(error)
    this.#content?.fail(error)
  }

  /** Called by multer with busboy, which receives the form. */
  follow(parser: Writable): void {
    // The listener of multer would turn fields named `a[b]` into nested objects.
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

  /** Handles an event. If a promise is returned, the form is not read further until it settles. */
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
   * Announces a part to busboy, which works synchronously: afterwards it has reported every part
   * before, and this one if it is a file.
   */
  #announce(parser: Writable, head: PartHead): void {
    const id = String(this.#partCount++)
    this.#part = head
    this.#unreported.push({ id, head })
    parser.write(`\r\n--${this.#boundary}\r\nContent-Disposition: form-data; name="${id}"${announcedAs(head, id)}`)
    this.#checkReported(head.kind === 'field' ? 1 : 0)
  }

  /** A field is reported when the next delimiter ends it, every other part immediately. */
  #checkReported(pending: number): void {
    if (this.#failure === undefined && this.#unreported.length !== pending)
      throw malformedForm('a part cannot be parsed')
  }

  /** Called when busboy reports a part, which must be the next announced one. */
  #reported(id: string): PartHead | undefined {
    const part = this.#unreported.shift()
    if (part?.id === id) return part.head
    this.fail(malformedForm('a part cannot be parsed'))
    return undefined
  }

  #takeContent(parser: Writable, bytes: Buffer): Promise<void> | undefined {
    if (this.#content !== undefined) {
      this.#accounted += bytes.length
      return this.#content.give(bytes)
    }
    if (this.#part?.kind !== 'field') {
      throw malformedForm(`part ${JSON.stringify(this.#part?.name)} has content but no filename`)
    }
    parser.write(bytes)
    return undefined
  }

  /** @param value One character per byte. */
  #addField({ name, charset }: FieldHead, value: string, truncated: boolean): void {
    this.#fieldBytes += Buffer.byteLength(name) + value.length
    if (truncated || this.#fieldBytes > this.#rules.maxFieldsSize) {
      this.fail(
        new StorageError('TOO_LARGE', `the fields of the form have more than ${this.#rules.maxFieldsSize} bytes`),
      )
      return
    }
    const text = decodeText(Buffer.from(value, 'latin1'), charset)
    if (text === undefined) {
      this.fail(malformedForm(`the value of field ${JSON.stringify(name)} is not ${charset}`))
      return
    }
    this.#fields[name] ??= []
    this.#fields[name]?.push(text)
  }
}

type FieldHead = Extract<PartHead, { kind: 'field' }>

/**
 * Headers with which busboy recognizes a file, an empty file input, or a field whose bytes it
 * returns unchanged. It holds back bytes that may begin a delimiter, such as the line break after
 * the headers, and reports a file when other bytes follow: hence the one byte of content.
 */
function announcedAs({ kind }: PartHead, id: string): string {
  if (kind === 'file') return `; filename="${id}"\r\n\r\nx`
  if (kind === 'empty') return `\r\nContent-Type: ${unknownContentType}\r\n\r\nx`
  return '\r\nContent-Type: text/plain; charset=latin1\r\n\r\n'
}

/** Whether an error is one of ours, and not one of multer or busboy. */
const isKnown = (error: unknown) => isStorageError(error) || error instanceof RequestError
