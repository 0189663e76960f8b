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

/** What is held. Opaque to users: it is passed to `new MemoryProvider({ store })`. */
export interface MemoryStore {
  readonly containers: Map<string, StoredContainer>
  /** Counts every version of every file, so that no ETag ever comes back. */
  versions: number
}

/** One version of a file. Never changed once it is in a container. */
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

/** What a new version consists of, beside its place. */
export interface NewVersion extends Pick<WriteCallOptions, 'attributes' | 'checksums'> {
  readonly content: Uint8Array
}

export class StoredContainer {
  readonly created = new Date()
  readonly uploads = new Map<string, StoredUpload>()
  readonly #name: string
  readonly #files = new Map<string, StoredFile>()
  #sortedNames: readonly string[] | undefined

  constructor(name: string) {
    this.#name = name
  }

  get size(): number {
    return this.#files.size
  }

  /** `FILE_NOT_FOUND`. */
  file(name: string): StoredFile {
    const file = this.#files.get(name)
    if (file === undefined) throw fileNotFound(this.#name, name)
    return file
  }

  /** In the order of their UTF-8 bytes. Kept until a name comes or goes, so that a page costs only its own length. */
  names(): readonly string[] {
    this.#sortedNames ??= [...this.#files.keys()].toSorted(compareNames)
    return this.#sortedNames
  }

  /**
   * The one place where a file appears. It is synchronous: between the check of the conditions and the new version nobody
   * else can come.
   */
  write(
    store: MemoryStore,
    place: { container: string; file: string },
    version: NewVersion,
    conditions: WriteConditions,
  ) {
    const previous = this.#files.get(place.file)
    checkWriteConditions(previous?.info, conditions)
    const now = Date.now()
    // A clock that was set back must not make a newer version look older.
    const mtime = new Date(Math.max(now, previous?.info.mtime.getTime() ?? now))
    const info: FileInfo = {
      ...version.attributes,
      container: place.container,
      name: place.file,
      size: version.content.length,
      etag: `"${(++store.versions).toString(16)}"`,
      created: previous?.info.created ?? mtime,
      mtime,
      checksums: version.checksums,
    }
    if (previous === undefined) this.#sortedNames = undefined
    this.#files.set(place.file, { info: structuredClone(info), content: version.content })
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
