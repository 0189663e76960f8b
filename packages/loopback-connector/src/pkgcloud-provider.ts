/**
 * Providers with pkgcloud's interface, passed as code. The storage component loaded them by the
 * name of their package.
 *
 * The interface has few calls with few guarantees. This provider reads lists completely and returns
 * pages of them. It reads a range from a download that starts at the first byte, and copies a file
 * by a download and an upload. If an upload fails, a new file is deleted; a file that existed
 * before stays as the client left it.
 */
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type Capabilities,
  type ContainerInfo,
  contentTypeByName,
  type FileInfo,
  type FileLocation,
  isStorageError,
  type RemoveOutcome,
  StorageError,
  unknownContentType,
  type WrittenFile,
} from '@stowage/core'
import {
  type CallOptions,
  type ContainerPage,
  type CopyCallOptions,
  checkReadConditions,
  compareNames,
  containerExists,
  containerNotFound,
  defined,
  type FilePage,
  fileNotFound,
  freezeCapabilities,
  type ListCallOptions,
  type ListFilesCallOptions,
  mapHeaderAttributes,
  type OpenCallOptions,
  type OpenFile,
  type ProviderBody,
  type ProviderModule,
  type PutCallOptions,
  type ReadCallOptions,
  resolveRange,
  type StorageProvider,
} from '@stowage/core/provider'
import {
  type ClientProperties,
  call,
  clientError,
  type PkgcloudClient,
  type PkgcloudModule,
  propertiesOf,
} from './pkgcloud-client.js'

const capabilities: Capabilities = freezeCapabilities({
  containerNames: {
    pattern: '(?!\\.{1,2}$)[^/\\0]+',
    minBytes: 1,
    maxBytes: 255,
    rule: '1 to 255 bytes of UTF-8 without "/"',
  },
  maxPageSize: 1000,
  fileBesideFolder: true,
  maxFileSize: Number.MAX_SAFE_INTEGER,
  maxPutSize: Number.MAX_SAFE_INTEGER,
  streamingPut: true,
  parts: false,
  conditions: { create: false, update: false, remove: false, destroyEmpty: 'emulated' },
  attributes: {
    ...mapHeaderAttributes((name) => name === 'cacheControl'),
    maxMetadataBytes: 0,
  },
  checksums: [],
  tellsReplaced: true,
  signedUrls: false,
  acl: true,
  nativeOptions: [
    'StorageClass',
    'ServerSideEncryption',
    'SSEKMSKeyId',
    'SSECustomerAlgorithm',
    'SSECustomerKey',
    'SSECustomerKeyMD5',
  ],
})

/**
 * Turns a module with pkgcloud's interface into a provider module of Stowage. The client receives
 * all settings of the data source.
 */
export function pkgcloudProvider(module: PkgcloudModule, settings: Readonly<Record<string, unknown>>): ProviderModule {
  const validate = () => ({ value: undefined })
  return {
    settings: { '~standard': { version: 1, vendor: 'stowage', validate } },
    createProvider: () => new PkgcloudProvider(module, module.createClient({ ...settings })),
  }
}

class PkgcloudProvider implements StorageProvider {
  readonly name = 'pkgcloud'
  readonly capabilities = capabilities
  readonly native: PkgcloudClient
  readonly #module: PkgcloudModule

  constructor(module: PkgcloudModule, client: PkgcloudClient) {
    this.#module = module
    this.native = client
  }

  async listContainers({ limit, next }: ListCallOptions): Promise<ContainerPage> {
    const found = await call((done) => this.native.getContainers(done), unexpectedNotFound)
    return page(list(found).map(containerInfo), limit, next)
  }

  async createContainer(container: string): Promise<ContainerInfo> {
    const { Container } = this.#module.storage ?? {}
    const details = { name: container, Name: container }
    const options = Container === undefined ? details : new Container(this.native, details)
    if (await this.#has(() => this.getContainer(container))) throw containerExists(container)
    const created = await call((done) => this.native.createContainer(options, done), unexpectedNotFound)
    return { ...containerInfo(created), name: container }
  }

  async getContainer(container: string): Promise<ContainerInfo> {
    const found = await call(
      (done) => this.native.getContainer(container, done),
      () => containerNotFound(container),
    )
    if (!found) throw containerNotFound(container)
    return { ...containerInfo(found), name: container }
  }

  async destroyContainer(container: string, { onlyIfEmpty }: { readonly onlyIfEmpty: boolean }): Promise<void> {
    await this.getContainer(container)
    if (onlyIfEmpty && (await this.#files(container)).length > 0) {
      throw new StorageError('CONTAINER_NOT_EMPTY', 'the container is not empty')
    }
    await call(
      (done) => this.native.destroyContainer(container, done),
      () => containerNotFound(container),
    )
  }

  async listFiles(container: string, options: ListFilesCallOptions): Promise<FilePage> {
    const { prefix, delimiter, startAfter = '', limit, next } = options
    // Clients may return an empty list for a container that does not exist.
    await this.getContainer(container)
    const entries = new Map<string, FilePage['entries'][number]>()
    for (const info of await this.#files(container)) {
      const { name } = info
      if (!name.startsWith(prefix)) continue
      const end = delimiter === undefined ? -1 : name.indexOf(delimiter, prefix.length)
      const folder = delimiter === undefined || end === -1 ? undefined : name.slice(0, end + delimiter.length)
      entries.set(folder ?? name, folder === undefined ? info : { container, name: folder, folder: true })
    }
    const after = [...entries.values()].filter(({ name }) => compareNames(name, startAfter) > 0)
    return page(after, limit, next)
  }

  async getFile(container: string, file: string, { conditions }: ReadCallOptions): Promise<FileInfo> {
    const info = await this.#find(container, file)
    checkReadConditions(info, conditions)
    return info
  }

  async openFile(container: string, file: string, options: OpenCallOptions): Promise<OpenFile> {
    const info = await this.getFile(container, file, options)
    const { offset, length } = resolveRange(options.range, info.size)
    const source = this.native.download({ container, remote: file })
    const stream = Readable.from(
      sliceOf(source, offset, length, () => fileNotFound(container, file)),
      { objectMode: false },
    )
    return { info, offset, length, stream }
  }

  async putFile(container: string, file: string, body: ProviderBody, options: PutCallOptions): Promise<WrittenFile> {
    const { attributes, acl, native, signal } = options
    await this.getContainer(container)
    const existed = await this.#has(() => this.#find(container, file))
    const writer = this.native.upload({
      ...native,
      container,
      remote: file,
      contentType: attributes.contentType,
      ...defined({ cacheControl: attributes.cacheControl, acl }),
    })
    const stored = new Promise<void>((resolve, reject) => {
      writer.once('success', () => resolve())
      writer.once('error', reject)
    })
    stored.catch(() => undefined)
    try {
      await pipeline(body instanceof Uint8Array ? [body] : body, writer, { signal })
      await stored
    } catch (error) {
      // The client does not report what it has written, and may write until its stream is closed.
      if (!existed) {
        await closed(writer)
        await this.#remove(container, file).catch(() => undefined)
      }
      throw isStorageError(error) ? error : clientError(error, () => containerNotFound(container))
    }
    return { ...(await this.#find(container, file)), replaced: existed }
  }

  async removeFile(container: string, file: string): Promise<void> {
    await this.#find(container, file)
    await this.#remove(container, file)
  }

  async removeFiles(container: string, files: readonly string[], { signal }: CallOptions): Promise<RemoveOutcome[]> {
    const outcomes: RemoveOutcome[] = []
    for (const file of files) {
      signal.throwIfAborted()
      try {
        await this.removeFile(container, file)
        outcomes.push({ file })
      } catch (error) {
        if (!isStorageError(error)) throw error
        outcomes.push(error.code === 'FILE_NOT_FOUND' ? { file } : { file, error })
      }
    }
    return outcomes
  }

  async copyFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile> {
    const conditions = options.ifSourceMatch === undefined ? {} : { ifMatch: options.ifSourceMatch }
    const opened = await this.openFile(source.container, source.file, { signal: options.signal, conditions })
    if (!('stream' in opened))
      throw new StorageError('INTERNAL', 'the pkgcloud provider opened a file without a stream')
    const { contentType } = opened.info
    return this.putFile(target.container, target.file, opened.stream, {
      attributes: { contentType, metadata: {} },
      checksums: {},
      ...options,
    })
  }

  async close(): Promise<void> {
    // A client has no method for this.
  }

  async #files(container: string): Promise<FileInfo[]> {
    const found = await call(
      (done) => this.native.getFiles(container, {}, done),
      () => containerNotFound(container),
    )
    return list(found).map((described) => fileInfo(container, described))
  }

  async #find(container: string, file: string): Promise<FileInfo> {
    const notFound = () => fileNotFound(container, file)
    const found = await call((done) => this.native.getFile(container, file, done), notFound).catch(
      async (error: unknown) => {
        if (isStorageError(error, 'FILE_NOT_FOUND')) await this.getContainer(container)
        throw error
      },
    )
    if (!found) throw notFound()
    return { ...fileInfo(container, propertiesOf(found)), name: file }
  }

  #remove(container: string, file: string): Promise<unknown> {
    return call(
      (done) => this.native.removeFile(container, file, done),
      () => fileNotFound(container, file),
    )
  }

  async #has(find: () => Promise<unknown>): Promise<boolean> {
    try {
      await find()
      return true
    } catch (error) {
      if (isStorageError(error, 'FILE_NOT_FOUND') || isStorageError(error, 'CONTAINER_NOT_FOUND')) return false
      throw error
    }
  }
}

/** Milliseconds to wait for a client's stream to close. Not every stream emits `close`. */
const closeTimeout = 1000

function closed(writer: Writable): Promise<void> {
  if (writer.closed) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, closeTimeout)
    writer.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

const unexpectedNotFound = () => new StorageError('INTERNAL', 'unexpected "not found" from the pkgcloud client')

const list = (found: unknown): ClientProperties[] => (Array.isArray(found) ? found.map(propertiesOf) : [])

const containerInfo = (described: unknown): ContainerInfo => {
  const { name, ...more } = propertiesOf(described)
  return { ...more, name: String(name) }
}

function fileInfo(container: string, described: ClientProperties): FileInfo {
  const { name, size, mtime, lastModified = mtime, etag, contentType, ...more } = described
  const changed = new Date(lastModified instanceof Date || typeof lastModified === 'string' ? lastModified : 0)
  const bytes = Number(size) || 0
  return {
    ...more,
    container,
    name: String(name),
    size: bytes,
    mtime: changed,
    etag: quoted(etag) ?? `"${changed.getTime().toString(36)}-${bytes.toString(36)}"`,
    contentType:
      typeof contentType === 'string' ? contentType : (contentTypeByName(String(name)) ?? unknownContentType),
    metadata: {},
    checksums: {},
  }
}

const quoted = (etag: unknown) =>
  typeof etag === 'string' && etag !== '' ? `"${etag.replaceAll('"', '')}"` : undefined

/** Returns up to `limit` entries in the order of their names: those after `next`. */
function page<T extends { readonly name: string }>(
  entries: readonly T[],
  limit: number,
  next: string | undefined,
): { entries: T[]; next?: string } {
  const after = next === undefined ? '' : next
  const rest = entries.filter(({ name }) => compareNames(name, after) > 0)
  rest.sort((first, second) => compareNames(first.name, second.name))
  const shown = rest.slice(0, limit)
  const last = shown.at(-1)
  return rest.length > limit && last !== undefined ? { entries: shown, next: last.name } : { entries: shown }
}

/** Yields `length` bytes of a stream from `offset` on. Does not wait for the bytes after them. */
async function* sliceOf(
  source: Readable,
  offset: number,
  length: number,
  notFound: () => StorageError,
): AsyncGenerator<Uint8Array> {
  let skip = offset
  let left = length
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      const part = chunk.subarray(skip, skip + left)
      skip = Math.max(0, skip - chunk.length)
      left -= part.length
      if (part.length > 0) yield part
      if (left === 0) return
    }
  } catch (error) {
    throw clientError(error, notFound)
  }
  if (left > 0) throw new StorageError('BAD_RESPONSE', `the pkgcloud client ended the file ${left} bytes early`)
}
