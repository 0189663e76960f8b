/**
 * One file of a form, from its part's headers to what the answer says of it.
 */
import { randomUUID } from 'node:crypto'
import { checkFileName, unknownContentType, type WrittenFile } from '@stowage/core'
import { essence, type IncomingFile, type UploadRules } from '../options.js'
import { fromHook } from '../routes/request-context.js'
import type { Parties } from '../routes/upload-rules.js'
import type { FileContent } from './file-content.js'

/** A file in the answer to an upload. */
export interface UploadedFile {
  readonly container: string
  readonly name: string
  readonly type: string
  readonly field: string
  /** Bytes. */
  readonly size: number
  /** What the client called it, when it was stored under another name. */
  readonly originalFilename?: string
  /** When one was set. */
  readonly acl?: string
}

/** What a part's headers say, and its content. */
export interface FilePart {
  readonly field: string
  readonly filename: string
  /** As the client states it, parameters included. */
  readonly contentType: string | undefined
  readonly content: FileContent
}

/**
 * A file's name without the place that it has on the client's machine: old browsers and Windows
 * programs send `C:\fakepath\a.txt` or `\\server\share\a.txt`. All else is part of the name, which
 * may hold slashes and backslashes as in every other request.
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
  /** Whether there was no file of this name before; `undefined` when it was not looked up. */
  isNew: boolean | undefined

  constructor(part: FilePart) {
    this.#part = part
    this.field = part.field
    this.#originalName = withoutWindowsPath(part.filename)
  }

  /** The name under which it is stored. */
  get name(): string {
    return this.#name
  }

  /** Whether its body is kept from ending, and thereby the file from appearing. */
  get isHeld(): boolean {
    return this.#state === 'held'
  }

  /** Bytes that have come in so far. */
  get bytes(): number {
    return this.#part.content.bytes
  }

  /** The type that the part states, parameters included; `undefined` when that says nothing. */
  get statedType(): string | undefined {
    const { contentType } = this.#part
    return contentType === undefined || essence(contentType) === unknownContentType ? undefined : contentType
  }

  incoming(container: string): IncomingFile {
    const type = essence(this.statedType ?? unknownContentType)
    return { container, name: this.#originalName, type, field: this.field }
  }

  /** Hands the content over to be stored; it does not end before {@link release}. */
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

  /** Lets the file appear. */
  release(): void {
    this.#state = 'released'
    this.#part.content.release()
  }

  /** The body fails instead of ending. */
  abandon(error: unknown): void {
    this.#part.content.fail(error)
  }

  /** Settles when the storage is done with it. `undefined` when it was never asked to store it. */
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
      ...(this.#name === this.#originalName ? {} : { originalFilename: this.#originalName }),
      ...(this.#acl === undefined ? {} : { acl: this.#acl }),
    }
  }
}

/** The name under which a form's file is stored. `INVALID_NAME` when there is none to be had. */
export async function formName(file: IncomingFile, rules: UploadRules, { req, res }: Parties): Promise<string> {
  const { getFilename, makeUnique } = rules
  let name: unknown = file.name
  if (getFilename !== undefined) name = await fromHook(() => getFilename(file, req, res))
  else if (makeUnique) name = randomUUID() + extension(file.name)
  checkFileName(name)
  return name
}

const extension = (name: string) => /\.[A-Za-z0-9]{1,16}$/.exec(name)?.[0] ?? ''
