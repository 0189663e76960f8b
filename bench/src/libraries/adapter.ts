/**
 * A provider over another storage library. It has only what the contract needs and libraries lack:
 * containers, the check that one exists, pages, conditions, and ETags where there are none. Cases
 * about these are not counted; see `counted.ts`.
 */
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  type CallOptions,
  type Capabilities,
  type ContainerInfo,
  type ContainerPage,
  type CopyCallOptions,
  checkReadConditions,
  compareNames,
  containerExists,
  containerNotFound,
  decodePosition,
  defined,
  describeCause,
  type FileEntry,
  type FileInfo,
  type FileLocation,
  type FilePage,
  type FolderEntry,
  fileNotFound,
  freezeCapabilities,
  inParallel,
  isName,
  isStorageError,
  type ListCallOptions,
  type ListFilesCallOptions,
  listedNames,
  mapHeaderAttributes,
  type OpenCallOptions,
  type OpenFile,
  type ProviderBody,
  type PutCallOptions,
  pageAfter,
  type ReadCallOptions,
  type RemoveCallOptions,
  type RemoveOutcome,
  resolveRange,
  StorageError,
  type StorageProvider,
  type WrittenFile,
} from '@stowage/core/provider'
import type { Containers } from './containers.ts'
import type { Library, Location, Service, StoredFile } from './library.ts'

const MiB = 1024 ** 2
const atOnce = 8

/** What all providers of one storage share. */
export interface Installed {
  readonly containers: Containers
  readonly open: (container: string) => Location
  readonly contentTypes: Map<string, string>
}

export class LibraryProvider implements StorageProvider {
  readonly name: string
  readonly capabilities: Capabilities
  readonly native = undefined
  readonly #library: Library
  readonly #containers: Containers
  readonly #open: (container: string) => Location
  /** By container and file; for libraries that store no content type. */
  readonly #contentTypes: Map<string, string> | undefined

  constructor(library: Library, kind: Service['kind'], { containers, open, contentTypes }: Installed) {
    this.name = library.title
    this.#library = library
    this.#containers = containers
    this.#open = open
    this.capabilities = capabilitiesOf(library, kind)
    this.#contentTypes = library.attributes(kind).contentType ? undefined : contentTypes
  }

  async listContainers({ limit, next }: ListCallOptions): Promise<ContainerPage> {
    const names = (await this.#containers.list()).toSorted(compareNames)
    const entries = names.map((name) => ({ name }))
    return pageAfter(entries, ({ name }) => name, { limit, after: decodePosition(next, isName) })
  }

  async createContainer(container: string): Promise<ContainerInfo> {
    if (await this.#containers.has(container)) throw containerExists(container)
    await this.#containers.create(container)
    return { name: container }
  }

  async getContainer(container: string): Promise<ContainerInfo> {
    await this.#location(container)
    return { name: container }
  }

  async destroyContainer(
    container: string,
    { onlyIfEmpty }: CallOptions & { readonly onlyIfEmpty: boolean },
  ): Promise<void> {
    const location = await this.#location(container)
    const files = await location.list()
    if (onlyIfEmpty && files.length > 0) throw new StorageError('CONTAINER_NOT_EMPTY', 'the container is not empty')
    await this.#containers.destroy(container)
  }

  async listFiles(container: string, options: ListFilesCallOptions): Promise<FilePage> {
    const location = await this.#location(container)
    const { prefix, delimiter, limit, signal } = options
    const after = decodePosition(options.next, isName) ?? options.startAfter
    const names = (await translated(location.list())).toSorted(compareNames)
    const page = pageAfter(listedNames(names, { prefix, delimiter, after }), ({ name }) => name, { limit, after })
    const entries: (FileEntry | FolderEntry)[] = []
    const files = page.entries.map((entry, index) => ({ ...entry, index }))
    await inParallel(
      files,
      atOnce,
      async ({ name, folder, index }) => {
        if (folder) entries[index] = { container, name, folder }
        else {
          const { size, mtime, etag } = await this.#info(location, container, name)
          entries[index] = { container, name, size, mtime, etag }
        }
      },
      signal,
    )
    return { ...page, entries }
  }

  async getFile(container: string, file: string, { conditions }: ReadCallOptions): Promise<FileInfo> {
    const info = await this.#info(await this.#location(container), container, file)
    checkReadConditions(info, conditions)
    return info
  }

  async openFile(container: string, file: string, options: OpenCallOptions): Promise<OpenFile> {
    const location = await this.#location(container)
    const info = await this.#info(location, container, file)
    checkReadConditions(info, options.conditions)
    const { signal } = options
    const range = resolveRange(options.range, info.size)
    const { offset, length } = range
    if (length === 0) return { ...range, info, bytes: new Uint8Array() }
    const part = { start: offset, end: offset + length - 1 }
    const whole = length === info.size
    if (whole || this.#library.ranges) {
      const content = await translated(location.read(file, whole ? { signal } : { range: part, signal }))
      return content instanceof Uint8Array ? { ...range, info, bytes: content } : { ...range, info, stream: content }
    }
    const content = await translated(location.read(file, { signal }))
    const bytes = content instanceof Uint8Array ? content : await translated(buffer(content))
    return { ...range, info, bytes: bytes.subarray(offset, offset + length) }
  }

  async putFile(container: string, file: string, body: ProviderBody, options: PutCallOptions): Promise<WrittenFile> {
    const location = await this.#location(container)
    const { size, attributes, signal } = options
    let sent = 0
    const counted = async function* () {
      for await (const chunk of body instanceof Uint8Array ? chunksOf(body) : body) {
        sent += chunk.length
        yield chunk
      }
    }
    const stream = Readable.from(counted(), { objectMode: false, signal })
    let failure: unknown
    stream.on('error', (error) => {
      failure = error
    })
    try {
      await location.put(file, stream, { size, attributes, signal })
    } catch (error) {
      throw failure ?? storageErrorOf(error)
    } finally {
      stream.destroy()
    }
    if (failure !== undefined) throw failure
    this.#contentTypes?.set(keyOf(container, file), attributes.contentType)
    // Another write may have replaced the file by now. Reads show what the library has stored.
    return { ...(await this.#info(location, container, file)), size: sent }
  }

  async removeFile(container: string, file: string, _: RemoveCallOptions): Promise<void> {
    const location = await this.#location(container)
    await this.#info(location, container, file)
    await translated(location.remove(file))
  }

  async removeFiles(
    container: string,
    files: readonly string[],
    { signal }: CallOptions,
  ): Promise<readonly RemoveOutcome[]> {
    const location = await this.#location(container)
    const outcomes: RemoveOutcome[] = []
    await inParallel(
      [...files.entries()],
      atOnce,
      async ([index, file]) => {
        outcomes[index] = await this.#remove(location, file)
      },
      signal,
    )
    return outcomes
  }

  async #remove(location: Location, file: string): Promise<RemoveOutcome> {
    try {
      if ((await location.stat(file)) !== undefined) await location.remove(file)
      return { file }
    } catch (error) {
      return { file, error: storageErrorOf(error) }
    }
  }

  async copyFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile> {
    const from = await this.#location(source.container)
    const to = await this.#location(target.container)
    const info = await this.#info(from, source.container, source.file)
    if (options.ifSourceMatch !== undefined) checkReadConditions(info, { ifMatch: options.ifSourceMatch })
    const isCopy = source.container === target.container && options.attributes === undefined
    if (isCopy && from.copy !== undefined) await translated(from.copy(source.file, target.file))
    else {
      const content = await translated(from.read(source.file, { signal: options.signal }))
      const bytes = content instanceof Uint8Array ? content : await translated(buffer(content))
      const attributes = options.attributes ?? info
      const write = { size: info.size, attributes, signal: options.signal }
      await translated(to.put(target.file, Readable.from(chunksOf(bytes), { objectMode: false }), write))
    }
    this.#contentTypes?.set(keyOf(target.container, target.file), options.attributes?.contentType ?? info.contentType)
    return this.#info(to, target.container, target.file)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  async #location(container: string): Promise<Location> {
    if (!(await this.#containers.has(container))) throw containerNotFound(container)
    return this.#open(container)
  }

  async #info(location: Location, container: string, file: string): Promise<FileInfo> {
    const stored = await translated(location.stat(file))
    if (stored === undefined) throw fileNotFound(container, file)
    const { mtime = new Date(0), metadata = {} } = stored
    const contentType =
      this.#contentTypes?.get(keyOf(container, file)) ?? stored.contentType ?? 'application/octet-stream'
    return {
      ...defined(stored),
      container,
      name: file,
      mtime,
      etag: etagOf(stored),
      contentType,
      metadata,
      checksums: {},
    }
  }
}

/** The library's ETag as a strong one, or one of the modification time and the size. */
const etagOf = ({ etag, mtime, size }: StoredFile) =>
  etag === undefined
    ? `"${Number(mtime ?? 0).toString(16)}-${size.toString(16)}"`
    : `"${etag.replace(/^(?:W\/)?"?|"$/g, '')}"`

const keyOf = (container: string, file: string) => `${container}/${file}`

function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MiB) yield bytes.subarray(at, at + MiB)
}

async function translated<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw storageErrorOf(error)
  }
}

/** The error of a library. Its codes differ by library, and many have none. */
function storageErrorOf(error: unknown): StorageError {
  if (isStorageError(error)) return error
  const code = codeOf(error)
  const cause = { cause: describeCause(error) }
  if (code === 'ENOTDIR' || code === 'EISDIR')
    return new StorageError('NAME_CONFLICT', 'a file or folder is in the way', cause)
  if (code === 'ENAMETOOLONG') return new StorageError('INVALID_NAME', 'the name is too long', cause)
  return new StorageError('INTERNAL', error instanceof Error ? `${error.name}: ${error.message}` : String(error), cause)
}

function codeOf(error: unknown): unknown {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if ('code' in at && /^E[A-Z]+$/.test(String(at.code))) return at.code
  }
  return undefined
}

function capabilitiesOf({ streams, attributes }: Library, kind: Service['kind']): Capabilities {
  const { headers, metadata } = attributes(kind)
  return freezeCapabilities({
    containerNames: {
      pattern: '[a-z0-9][a-z0-9-]{1,61}[a-z0-9]',
      minBytes: 3,
      maxBytes: 63,
      rule: '3 to 63 lower-case letters, digits and hyphens',
    },
    maxPageSize: 1000,
    fileBesideFolder: kind === 's3',
    maxFileSize: streams ? 5 * 1024 ** 4 : 2048 * MiB,
    maxPutSize: streams ? 5 * 1024 ** 4 : 2048 * MiB,
    streamingPut: true,
    parts: false,
    conditions: { create: false, update: false, remove: false, destroyEmpty: 'emulated' },
    attributes: {
      ...mapHeaderAttributes((name) => headers.includes(name)),
      maxMetadataBytes: metadata ? 2048 : 0,
    },
    checksums: [],
    signedUrls: false,
    acl: false,
    nativeOptions: [],
  })
}
