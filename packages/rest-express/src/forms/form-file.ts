/**
 * One file of a form, from the headers of its part to its entry in the response.
 */
import { randomUUID } from 'node:crypto'
import { checkFileName, unknownContentType, type WrittenFile } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { essence, type IncomingFile, type UploadRules } from '../options.js'
import { fromHook } from '../routes/request-context.js'
import type { RequestAndResponse } from '../routes/upload-rules.js'
import type { FilePart } from './form-reader.js'

/** A file in the response to an upload. */
export interface UploadedFile {
  readonly container: string
  readonly name: string
  readonly type: string
  readonly field: string
  /** Bytes. */
  readonly size: number
  /** The client's name for the file, if it was stored under another name. */
  readonly originalFilename?: string
  /** The access list, if one was set. */
  readonly acl?: string
}

/**
 * A file's name without its location on the client: old browsers and Windows programs send
 * `C:\fakepath\a.txt` or `\\server\share\a.txt`. Other slashes and backslashes belong to the name,
 * as in every other request.
 */
const withoutWindowsPath = (filename: string) =>
  /^(?:[A-Za-z]:|\\)\\/.test(filename) ? filename.slice(filename.lastIndexOf('\\') + 1) : filename

export class FormFile {
  readonly field: string
  readonly #part: FilePart
  readonly #originalName: string
  #state: 'waiting' | 'held' | 'released' = 'waiting'
  #name = ''
  #acl: string | undefined
  #stored: Promise<WrittenFile> | undefined
  #written: WrittenFile | undefined
  /** Whether the file is new; `undefined` if unknown. */
  isNew: boolean | undefined

  constructor(part: FilePart) {
    this.#part = part
    this.field = part.field
    this.#originalName = withoutWindowsPath(part.filename)
  }

  /** The name under which the file is stored. */
  get name(): string {
    return this.#name
  }

  /** Whether the end of the body is held back, and thereby the file from appearing. */
  get isHeld(): boolean {
    return this.#state === 'held'
  }

  /** Bytes that have arrived so far. */
  get bytes(): number {
    return this.#part.content.written
  }

  /**
   * The type that the part states, with parameters; `undefined` if it states none or the unknown
   * type.
   */
  get statedType(): string | undefined {
    const { contentType } = this.#part
    return contentType === undefined || essence(contentType) === unknownContentType ? undefined : contentType
  }

  incoming(container: string): IncomingFile {
    const type = essence(this.statedType ?? unknownContentType)
    return { container, name: this.#originalName, type, field: this.field }
  }

  /** Starts to store the content, which does not end before {@link release}. */
  store(name: string, acl: string | undefined, put: (body: AsyncIterable<Uint8Array>) => Promise<WrittenFile>): void {
    this.#name = name
    this.#acl = acl
    this.#state = 'held'
    this.#part.content.hold()
    this.#stored = put(this.#part.content).then((written) => {
      this.#written = written
      return written
    })
    this.#stored.catch(() => undefined)
  }

  /** Resolves when the storage has the whole content and accepts it. Rejects if it refuses it. */
  async accepted(): Promise<void> {
    await Promise.race([this.#part.content.accepted, this.#stored])
  }

  /** Lets the file appear. */
  release(): void {
    this.#state = 'released'
    this.#part.content.release()
  }

  /** Settles when the storage has finished. `undefined` if the file was never passed to it. */
  async stored(): Promise<WrittenFile | undefined> {
    return this.#stored
  }

  described(container: string): UploadedFile {
    const { contentType = unknownContentType, size = 0 } = this.#written ?? {}
    return {
      container,
      name: this.#name,
      type: contentType,
      field: this.field,
      size,
      ...defined({
        originalFilename: this.#name === this.#originalName ? undefined : this.#originalName,
        acl: this.#acl,
      }),
    }
  }
}

/** The name under which a file of a form is stored. Throws `INVALID_NAME` if it is not valid. */
export async function formName(
  file: IncomingFile,
  rules: UploadRules,
  { req, res }: RequestAndResponse,
): Promise<string> {
  const { getFilename, makeUnique } = rules
  let name: unknown = file.name
  if (getFilename !== undefined) name = await fromHook(() => getFilename(file, req, res))
  else if (makeUnique) name = randomUUID() + extension(file.name)
  checkFileName(name)
  return name
}

const extension = (name: string) => /\.[A-Za-z0-9]{1,16}$/.exec(name)?.[0] ?? ''
