import { Readable } from 'node:stream'
import {
  type CallOptions,
  type Capabilities,
  type Checksums,
  type CompleteUploadCallOptions,
  type ContainerInfo,
  type ContainerPage,
  type CopyCallOptions,
  checkOptions,
  checkReadConditions,
  checkWriteConditions,
  compareNames,
  containerExists,
  containerNotFound,
  decodePosition,
  type FileEntry,
  type FileInfo,
  type FileLocation,
  type FilePage,
  type FolderEntry,
  freezeCapabilities,
  isName,
  type ListCallOptions,
  type ListFilesCallOptions,
  type NamesOf,
  type OpenCallOptions,
  type OpenFile,
  type PartPage,
  type PartUpload,
  type PartUploadReference,
  type ProviderBody,
  type PutCallOptions,
  type ReadCallOptions,
  type RemoveCallOptions,
  type RemoveOutcome,
  resolveRange,
  type SignedUrl,
  type StartUploadCallOptions,
  StorageError,
  type StorageProvider,
  type UploadedPart,
  type UploadPage,
  type UploadPartCallOptions,
  type WrittenFile,
} from '@stowage/core/provider'
import { defaultCapabilities } from './capabilities.js'
import { listedNames, pageAfter } from './lister.js'
import { createMemoryStore, type MemoryStore, StoredContainer } from './store.js'
import { findUpload, joinParts, partKey, sentParts, unfinishedUploads, uploadKey } from './uploads.js'

export interface MemoryProviderOptions {
  /** Shared with other providers; default: one of its own. */
  readonly store?: MemoryStore
  /** Stand in for the provider's own, each as a whole: what if the service had no conditions, or small parts only? */
  readonly capabilities?: Partial<Capabilities>
}

const optionNames = { store: true, capabilities: true } as const satisfies NamesOf<MemoryProviderOptions>

/** Bytes handed to a reader at once. */
const chunkSize = 256 * 1024

export class MemoryProvider implements StorageProvider {
  readonly name = 'memory'
  readonly capabilities: Capabilities
  readonly #store: MemoryStore

  constructor(options: MemoryProviderOptions = {}) {
    checkOptions('MemoryProvider', options, optionNames)
    this.#store = options.store ?? createMemoryStore()
    this.capabilities = freezeCapabilities({ ...defaultCapabilities, ...options.capabilities })
  }

  /** The store, for a second provider on the same files. */
  get native(): MemoryStore {
    return this.#store
  }

  async listContainers({ limit, next }: ListCallOptions): Promise<ContainerPage> {
    const containers = [...this.#store.containers]
      .map(([name, { created }]) => ({ name, created: new Date(created) }))
      .toSorted((a, b) => compareNames(a.name, b.name))
    return pageAfter(containers, ({ name }) => name, { limit, after: decodePosition(next, isName) })
  }

  async createContainer(container: string): Promise<ContainerInfo> {
    if (this.#store.containers.has(container)) throw containerExists(container)
    const stored = new StoredContainer(container)
    this.#store.containers.set(container, stored)
    return { name: container, created: new Date(stored.created) }
  }

  async getContainer(container: string): Promise<ContainerInfo> {
    return { name: container, created: new Date(this.#container(container).created) }
  }

  async destroyContainer(container: string, { onlyIfEmpty }: CallOptions & { onlyIfEmpty: boolean }): Promise<void> {
    if (this.#container(container).size > 0 && onlyIfEmpty) {
      throw new StorageError('CONTAINER_NOT_EMPTY', 'the container holds files')
    }
    this.#store.containers.delete(container)
  }

  async listFiles(container: string, options: ListFilesCallOptions): Promise<FilePage> {
    const { prefix, delimiter, limit } = options
    const after = decodePosition(options.next, isName) ?? options.startAfter
    const stored = this.#container(container)
    const names = listedNames(stored.names(), {
      prefix,
      ...(delimiter === undefined ? {} : { delimiter }),
      ...(after === undefined ? {} : { after }),
    })
    const page = pageAfter(names, ({ name }) => name, { limit, after })
    const entries = page.entries.map(({ name, folder }): FileEntry | FolderEntry => {
      if (folder) return { container, name, folder: true }
      const { size, mtime, etag } = stored.file(name).info
      return { container, name, size, mtime: new Date(mtime), etag }
    })
    return { ...page, entries }
  }

  async getFile(container: string, file: string, { conditions }: ReadCallOptions): Promise<FileInfo> {
    const { info } = this.#container(container).file(file)
    checkReadConditions(info, conditions)
    return structuredClone(info)
  }

  async openFile(container: string, file: string, { conditions, range }: OpenCallOptions): Promise<OpenFile> {
    const { info, content } = this.#container(container).file(file)
    checkReadConditions(info, conditions)
    const { offset, length } = resolveRange(range, content.length)
    const part = content.subarray(offset, offset + length)
    const opened = { info: structuredClone(info), offset, length }
    if (length <= chunkSize) return { ...opened, bytes: Uint8Array.from(part) }
    return { ...opened, stream: Readable.from(chunks(part), { objectMode: false }) }
  }

  async putFile(container: string, file: string, body: ProviderBody, options: PutCallOptions): Promise<WrittenFile> {
    this.#container(container)
    const content = await bytesOf(body, options.signal)
    return this.#write({ container, file }, content, options)
  }

  async removeFile(container: string, file: string, { conditions }: RemoveCallOptions): Promise<void> {
    const stored = this.#container(container)
    checkWriteConditions(stored.file(file).info, conditions)
    stored.remove(file)
  }

  async removeFiles(container: string, files: readonly string[]): Promise<readonly RemoveOutcome[]> {
    const stored = this.#container(container)
    return files.map((file) => {
      stored.remove(file)
      return { file }
    })
  }

  async copyFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile> {
    const { info, content } = this.#container(source.container).file(source.file)
    checkWriteConditions(info, options.ifSourceMatch === undefined ? {} : { ifMatch: options.ifSourceMatch })
    const { checksums, contentType, metadata, cacheControl, contentDisposition, contentEncoding, contentLanguage } =
      info
    const attributes = options.attributes ?? {
      contentType,
      metadata,
      ...(cacheControl === undefined ? {} : { cacheControl }),
      ...(contentDisposition === undefined ? {} : { contentDisposition }),
      ...(contentEncoding === undefined ? {} : { contentEncoding }),
      ...(contentLanguage === undefined ? {} : { contentLanguage }),
    }
    return this.#write(target, content, { attributes, checksums, conditions: options.conditions })
  }

  async startUpload(container: string, file: string, options: StartUploadCallOptions): Promise<PartUpload> {
    const { partSize, attributes, checksums } = options
    const id = this.#container(container).addUpload({
      file,
      partSize,
      attributes,
      checksums,
      started: new Date(),
      parts: new Map(),
    })
    return { container, file, id, partSize }
  }

  async uploadPart(upload: PartUpload, body: ProviderBody, options: UploadPartCallOptions): Promise<UploadedPart> {
    findUpload(this.#container(upload.container), upload)
    const { partNumber, signal } = options
    const content = await bytesOf(body, signal)
    // Looked up again: it may have been aborted while the body flowed.
    const stored = findUpload(this.#container(upload.container), upload)
    const part = { partNumber, size: content.length, tag: String(++this.#store.versions) }
    stored.parts.set(partNumber, { part, content })
    return part
  }

  async listParts(upload: PartUploadReference, { limit, next }: ListCallOptions): Promise<PartPage> {
    const stored = findUpload(this.#container(upload.container), upload)
    return pageAfter(sentParts(stored), partKey, { limit, after: decodePosition(next, isName) })
  }

  async completeUpload(upload: PartUpload, { parts, conditions }: CompleteUploadCallOptions): Promise<WrittenFile> {
    const container = this.#container(upload.container)
    const stored = findUpload(container, upload)
    const { attributes, checksums } = stored
    const written = this.#write(upload, joinParts(stored, parts), { attributes, checksums, conditions })
    container.uploads.delete(upload.id)
    return written
  }

  async abortUpload(upload: PartUploadReference): Promise<void> {
    const { uploads } = this.#container(upload.container)
    if (uploads.get(upload.id)?.file === upload.file) uploads.delete(upload.id)
  }

  async listUploads(
    container: string,
    { limit, next, prefix }: ListCallOptions & { readonly prefix: string },
  ): Promise<UploadPage> {
    const uploads = unfinishedUploads(container, this.#container(container), prefix)
    return pageAfter(uploads, uploadKey, { limit, after: decodePosition(next, isName) })
  }

  async signUrl(): Promise<SignedUrl> {
    throw new StorageError('NOT_SUPPORTED', 'memory has no URLs', { details: { capability: 'signedUrls' } })
  }

  async close(): Promise<void> {}

  #container(name: string): StoredContainer {
    const container = this.#store.containers.get(name)
    if (container === undefined) throw containerNotFound(name)
    return container
  }

  #write(
    place: FileLocation,
    content: Uint8Array,
    options: Pick<PutCallOptions, 'attributes' | 'checksums' | 'conditions'>,
  ): FileInfo {
    const { maxFileSize } = this.capabilities
    if (content.length > maxFileSize) {
      throw new StorageError('TOO_LARGE', `a file has at most ${maxFileSize} bytes`, { details: { size: maxFileSize } })
    }
    const { attributes, conditions } = options
    const checksums = this.#kept(options.checksums)
    return this.#container(place.container).write(this.#store, place, { content, attributes, checksums }, conditions)
  }

  #kept(checksums: Checksums): Checksums {
    const isKept = ([algorithm]: [string, unknown]) => (this.capabilities.checksums as string[]).includes(algorithm)
    return Object.fromEntries(Object.entries(checksums).filter(isKept))
  }
}

/** A copy, since the caller may go on using the bytes. An iterable is left at once when the signal is aborted. */
async function bytesOf(body: ProviderBody, signal: AbortSignal): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return Uint8Array.from(body)
  const received: Uint8Array[] = []
  for await (const chunk of Readable.from(body, { signal })) received.push(Uint8Array.from(chunk))
  return Buffer.concat(received)
}

/** Copies, so that a reader who changes what it was given changes nothing that is stored. */
function* chunks(content: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < content.length; offset += chunkSize) {
    yield Uint8Array.from(content.subarray(offset, offset + chunkSize))
  }
}
