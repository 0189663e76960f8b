import { randomUUID } from 'node:crypto'
import {
  checkWriteConditions,
  compareNames,
  type FileInfo,
  fileNotFound,
  type UploadedPart,
  type WriteCallOptions,
  type WriteConditions,
} from '@stowage/core/provider'

/** All stored files. Opaque to users, who pass it to `new MemoryProvider({ store })`. */
export interface MemoryStore {
  readonly containers: Map<string, StoredContainer>
  /** The number of all versions of all files, so that no ETag is ever reused. */
  versions: number
}

/** One version of a file. Immutable. */
export interface StoredFile {
  readonly info: FileInfo
  readonly content: Uint8Array
}

export interface StoredUpload {
  readonly file: string
  readonly partSize: number
  readonly started: Date
  readonly attributes: WriteCallOptions['attributes']
  readonly checksums: WriteCallOptions['checksums']
  readonly parts: Map<number, { readonly part: UploadedPart; readonly content: Uint8Array }>
}

export function createMemoryStore(): MemoryStore {
  return { containers: new Map(), versions: 0 }
}

/** A new version of a file, without its location. */
export interface NewVersion extends Pick<WriteCallOptions, 'attributes' | 'checksums'> {
  readonly content: Uint8Array
}

export class StoredContainer {
  readonly created = new Date()
  readonly uploads = new Map<string, StoredUpload>()
  readonly hidden = new Map<string, { readonly content: Uint8Array; readonly mtime: Date }>()
  readonly #name: string
  readonly #files = new Map<string, StoredFile>()
  #sortedNames: readonly string[] | undefined

  constructor(name: string) {
    this.#name = name
  }

  get size(): number {
    return this.#files.size
  }

  /** Returns a file. Throws `FILE_NOT_FOUND` if it does not exist. */
  file(name: string): StoredFile {
    const file = this.#files.get(name)
    if (file === undefined) throw fileNotFound(this.#name, name)
    return file
  }

  /**
   * Returns the names in the order of their UTF-8 bytes. They are sorted only after a name was
   * added or removed, so that a page costs only its own length.
   */
  names(): readonly string[] {
    this.#sortedNames ??= [...this.#files.keys()].toSorted(compareNames)
    return this.#sortedNames
  }

  /**
   * Stores a file. The only method that does. It is synchronous, so no other write can come between
   * the check of the conditions and the new version.
   */
  write(
    store: MemoryStore,
    location: { container: string; file: string },
    version: NewVersion,
    conditions: WriteConditions,
  ) {
    const previous = this.#files.get(location.file)
    checkWriteConditions(previous?.info, conditions)
    const now = Date.now()
    // The newer version must not have an earlier time if the clock was set back.
    const mtime = new Date(Math.max(now, previous?.info.mtime.getTime() ?? now))
    const info: FileInfo = {
      ...version.attributes,
      container: location.container,
      name: location.file,
      size: version.content.length,
      etag: `"${(++store.versions).toString(16)}"`,
      created: previous?.info.created ?? mtime,
      mtime,
      checksums: version.checksums,
    }
    if (previous === undefined) this.#sortedNames = undefined
    this.#files.set(location.file, { info: structuredClone(info), content: version.content })
    return info
  }

  remove(name: string): void {
    if (this.#files.delete(name)) this.#sortedNames = undefined
  }

  addUpload(upload: StoredUpload): string {
    const id = randomUUID()
    this.uploads.set(id, upload)
    return id
  }
}
