/**
 * A form as multer reads it. multer enforces the limits on parts and reads the fields; it sees
 * neither the headers of the parts nor the content of files.
 *
 * multer and busboy silently drop a part that they cannot parse. Each part is therefore announced
 * to them with unambiguous headers and a number instead of its name, and they have to report it
 * under that number; otherwise the form fails.
 */
import { EventEmitter } from 'node:events'
import type { Writable } from 'node:stream'
import { StorageError, unknownContentType } from '@stowage/core'
import multer from 'multer'
import type { UploadRules } from '../options.js'
import { malformedForm } from './malformed-form.js'
import type { PartHead } from './part-head.js'

/** A field as multer reports it. */
export interface ReportedField {
  /** One character per byte. */
  readonly value: string
  /** Whether the value is longer than the limit, and incomplete. */
  readonly truncated: boolean
}

type Middleware = ReturnType<multer.Multer['any']>

/**
 * The request that multer sees: it has headers, and no body. With the real one, multer would read a
 * refused form to its end before it reports the error.
 */
class StandIn extends EventEmitter {
  readonly readable = false
  readonly headers: Readonly<Record<string, string>>
  readonly limits: multer.Options['limits']
  /** busboy, which multer creates. */
  busboy: Writable | undefined

  constructor(boundary: string, limits: multer.Options['limits']) {
    super()
    // Parsed once, so that no two parsers of the content type derive different boundaries.
    this.headers = {
      'content-type': `multipart/form-data; boundary="${boundary}"`,
      'transfer-encoding': 'chunked',
    }
    this.limits = limits
  }

  resume(): void {
    // The stand-in has no data.
  }

  unpipe(): void {
    // Nothing was piped.
  }
}

const options: multer.Options & {
  readonly limits: (req: unknown) => multer.Options['limits']
  readonly streamHandler: (req: unknown, busboy: Writable) => void
} = {
  storage: {
    _handleFile: (_req, { stream }, callback) => {
      // The content does not pass through this stream.
      stream.resume()
      callback(null, {})
    },
    _removeFile: (_req, _file, callback) => callback(null),
  },
  preservePath: true,
  defParamCharset: 'utf8',
  limits: (req) => (req as StandIn).limits,
  streamHandler: (req, busboy) => {
    ;(req as StandIn).busboy = busboy
  },
}
const parse: Middleware = multer(options).any()

export class MulterForm {
  readonly #boundary: string
  readonly #busboy: Writable
  readonly #finished = Promise.withResolvers<void>()
  /** The parts that multer has reported since the last write, by number. */
  #reports: (Partial<ReportedField> & { readonly id: string })[] = []
  #failure: StorageError | undefined
  #partCount = 0
  /** The number of the latest part, if it is a field, which multer reports when it ends. */
  #openField: string | undefined

  constructor(boundary: string, { maxFields, maxFiles, maxFieldsSize }: UploadRules) {
    this.#boundary = boundary
    const limits = { fields: maxFields, files: maxFiles, parts: maxFields + maxFiles, fieldSize: maxFieldsSize }
    const standIn = new StandIn(boundary, limits)
    const { resolve, reject } = this.#finished
    // The stand-in has the properties of a request that multer reads. It does not use the response.
    parse(standIn as unknown as Parameters<Middleware>[0], {} as Parameters<Middleware>[1], (error?: unknown) =>
      error ? reject(malformed(error)) : resolve(),
    )
    // A form that has failed is not read to its end.
    this.#finished.promise.catch(() => undefined)
    if (standIn.busboy === undefined) throw malformedForm('it cannot be parsed')
    this.#busboy = standIn.busboy
    this.#listen(this.#busboy, limits)
  }

  #listen(busboy: Writable, { fields, files, parts }: { fields: number; files: number; parts: number }): void {
    // The listener of multer would turn fields named `a[b]` into nested objects.
    busboy.removeAllListeners('field')
    busboy.on('field', (id: string, value: string, info: { valueTruncated: boolean }) => {
      this.#reports.push({ id, value, truncated: info.valueTruncated })
    })
    busboy.on('file', (id: string) => {
      this.#reports.push({ id })
    })
    busboy.on('error', (error) => {
      this.#failure ??= malformed(error)
    })
    for (const [event, what] of [
      ['fieldsLimit', `${fields} fields`],
      ['filesLimit', `${files} files`],
      ['partsLimit', `${parts} parts`],
    ] as const) {
      busboy.on(event, () => {
        this.#failure ??= new StorageError('TOO_LARGE', `the form has more than ${what}`)
      })
    }
  }

  /**
   * Begins a part. Returns the previous part, if that was a field. Throws if multer refuses one.
   */
  begin(head: PartHead): ReportedField | undefined {
    const id = String(this.#partCount++)
    const isField = head.kind === 'field'
    return this.#delimit(
      `\r\nContent-Disposition: form-data; name="${id}"${announcedAs(head, id)}`,
      isField ? undefined : id,
      isField ? id : undefined,
    )
  }

  /** Passes on bytes of the field that was begun. */
  write(bytes: Buffer): void {
    this.#busboy.write(bytes)
  }

  /** Ends the form. Returns the last part, if it was a field. Throws if multer refuses it. */
  close(): ReportedField | undefined {
    return this.#delimit('--', undefined, undefined)
  }

  /** Resolves when multer has accepted the whole form. */
  finished(): Promise<void> {
    this.#busboy.end()
    return this.#finished.promise
  }

  /**
   * Writes a delimiter. busboy works synchronously: afterwards it has reported every part before,
   * and the one that begins if it is no field.
   */
  #delimit(text: string, begun: string | undefined, openField: string | undefined): ReportedField | undefined {
    const field = this.#openField
    this.#openField = openField
    this.#busboy.write(`\r\n--${this.#boundary}${text}`)
    if (this.#failure !== undefined) throw this.#failure
    const reports = this.#reports
    this.#reports = []
    const expected = [field, begun].filter((id) => id !== undefined)
    if (reports.length !== expected.length || reports.some(({ id }, index) => id !== expected[index])) {
      throw malformedForm('a part cannot be parsed')
    }
    const [first] = reports
    return field === undefined ? undefined : (first as ReportedField)
  }
}

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

const malformed = (error: unknown) => malformedForm(error instanceof Error ? error.message : 'unknown error')
