/**
 * The provider, the container and the helpers of one case. Methods are bound, so that a case can
 * destructure them.
 */
import assert from 'node:assert/strict'
import type { Body, ListFilesOptions, OpenFileOptions, StorageServiceOptions, WriteOptions } from '../../index.js'
import { StorageService } from '../../index.js'
import type { Capabilities, StorageProvider, UnfinishedUpload, WrittenFile } from '../../provider.js'
import { isStorageError } from '../../provider.js'
import { bytes } from '../tools/content.js'
import { absent, agrees, isCode, namesOf, read, sameBytes } from '../tools/expectations.js'
import { FaultyProvider } from '../tools/faulty-provider.js'
import { StorageProcess } from '../tools/storage-process.js'
import { within } from '../tools/time-limit.js'
import type { ConformanceHarness, ServiceFault } from './harness.js'

/**
 * Milliseconds: longer than a provider waits for the response to a request that was already sent.
 */
export const deadline = 60_000

/** Retries almost without waiting, for cases with faults. */
const fastRetries = { retry: { minDelay: 1, maxDelay: 2, maxOutage: 0 } } as const satisfies StorageServiceOptions

/** The part of the run that a case uses. */
export interface RunHandles {
  readonly harness: ConformanceHarness
  readonly provider: StorageProvider
  readonly storage: StorageService
  readonly secondStorage: StorageService
  newProvider(): StorageProvider
  containerName(): string
  fixture(key: string, fill: (container: string) => Promise<void>): Promise<string>
  newLeftovers(): Promise<readonly string[]>
}

export class CaseContext {
  readonly #run: RunHandles
  /** The case's container, empty at the start. */
  readonly container: string
  readonly #containers: string[]
  readonly #atEnd: (() => Promise<unknown>)[] = []

  constructor(run: RunHandles, container: string) {
    this.#run = run
    this.container = container
    this.#containers = [container]
  }

  get provider(): StorageProvider {
    return this.#run.provider
  }

  get storage(): StorageService {
    return this.#run.storage
  }

  /** The same storage through another provider object. */
  get secondStorage(): StorageService {
    return this.#run.secondStorage
  }

  get capabilities(): Capabilities {
    return this.provider.capabilities
  }

  get harness(): ConformanceHarness {
    return this.#run.harness
  }

  get secrets(): readonly string[] {
    return this.#run.harness.secrets ?? []
  }

  /** The options that every call of the bare provider needs. */
  get call(): { readonly signal: AbortSignal } {
    return { signal: new AbortController().signal }
  }

  /** The part size of the cases in bytes: small, and valid for the provider. */
  get partSize(): number {
    return Math.max(64 * 1024, this.capabilities.parts === false ? 0 : this.capabilities.parts.minPartSize)
  }

  /** Creates a provider object that the case may close. */
  readonly newProvider = (): StorageProvider => {
    return this.#run.newProvider()
  }

  /** Wraps the shared provider object, to inject faults and to record calls. */
  readonly faulty = (capabilities?: Partial<Capabilities>): FaultyProvider => {
    return new FaultyProvider(this.provider, capabilities)
  }

  readonly over = (provider: StorageProvider, options: StorageServiceOptions = fastRetries): StorageService => {
    return new StorageService(provider, options)
  }

  /**
   * A provider that accepts only small bodies in memory, so that core sends larger ones in parts.
   * Needs multipart uploads.
   */
  readonly inParts = (capabilities: Partial<Capabilities> = {}): FaultyProvider => {
    return this.faulty({ streamingPut: false, maxPutSize: this.partSize, ...capabilities })
  }

  /** Returns an unused container name. If the case creates the container, the run destroys it. */
  readonly containerName = (): string => {
    const name = this.#run.containerName()
    this.#containers.push(name)
    return name
  }

  /** Registers a container whose name the case chose, so that the run destroys it. */
  readonly adopt = (container: string): void => {
    this.#containers.push(container)
  }

  readonly newContainer = async (): Promise<string> => {
    const name = this.containerName()
    await this.storage.createContainer({ name })
    return name
  }

  readonly atEnd = (action: () => Promise<unknown>): void => {
    this.#atEnd.push(action)
  }

  /** Creates a provider whose service fails in this way. Needs `breakService`. */
  readonly brokenProvider = async (fault: ServiceFault): Promise<StorageProvider> => {
    const provider = await this.harness.breakService?.[fault]?.()
    assert.ok(provider !== undefined)
    this.atEnd(() => within(deadline, provider.close(), 'close does not settle'))
    return provider
  }

  /** Starts processes that open the same storage and end with the case. Needs `otherProcess`. */
  readonly startProcesses = (count: number): Promise<StorageProcess[]> => {
    const { otherProcess } = this.harness
    assert.ok(otherProcess !== undefined)
    const start = async () => {
      const started = await StorageProcess.start(otherProcess, this.container)
      this.atEnd(() => started.end())
      return started
    }
    return Promise.all(Array.from({ length: count }, start))
  }

  /** A container that several cases share and none changes. The first of them fills it. */
  readonly fixture = (key: string, fill: (container: string) => Promise<void>): Promise<string> => {
    return this.#run.fixture(key, fill)
  }

  readonly put = (file: string, body: Body = bytes(100), options?: WriteOptions): Promise<WrittenFile> => {
    return this.storage.putFile(this.container, file, body, options)
  }

  /**
   * Returns the names without those that are, or are in, another spelling of an earlier file or
   * folder.
   */
  readonly distinct = (names: readonly string[]): string[] => {
    const { fold } = this.harness
    if (fold === undefined) return [...names]
    const spellings = new Map<string, string>()
    return names.filter((name) => {
      const paths = [...name.matchAll(/(?<=[^/])\/|$/g)].map(({ index }) => name.slice(0, index))
      if (paths.some((path) => (spellings.get(fold(path)) ?? path) !== path)) return false
      for (const path of paths) spellings.set(fold(path), path)
      return true
    })
  }

  /** Stores many small files, a thousand or more through the harness if it has `bulk`. */
  readonly putMany = async (names: readonly string[], container = this.container): Promise<void> => {
    const { bulk } = this.#run.harness
    if (bulk !== undefined && names.length >= 1000) return bulk.put(container, names)
    await inParallel(names, (name) => this.storage.putFile(container, name, Buffer.from(name.slice(-8))))
  }

  readonly read = (file: string, options?: OpenFileOptions): Promise<Buffer> => {
    return read(this.storage, this.container, file, options)
  }

  readonly names = async (options?: ListFilesOptions): Promise<string[]> => {
    return namesOf(await this.storage.getFiles(this.container, options))
  }

  readonly uploads = async (): Promise<UnfinishedUpload[]> => {
    return this.capabilities.parts === false ? [] : Array.fromAsync(this.storage.uploads(this.container))
  }

  /** Asserts that the file does not exist and has no unfinished upload. */
  readonly nothingOf = async (file: string): Promise<void> => {
    await absent(this.storage, this.container, file)
    const unfinished = (await this.uploads()).filter((upload) => upload.file === file)
    assert.deepEqual(unfinished, [], 'an unfinished upload is left')
  }

  /**
   * Asserts that the case left nothing in the storage. Called before its containers are destroyed.
   */
  readonly nothingLeft = async (): Promise<void> => {
    assert.deepEqual(await this.#run.newLeftovers(), [], 'the case left something in the storage')
  }

  /** Asserts that the file does not exist; an upload of it may be unfinished. */
  readonly isAbsent = (file: string): Promise<void> => absent(this.storage, this.container, file)

  readonly isWhole = async (file: string, content: Uint8Array): Promise<void> => {
    sameBytes(await this.read(file), content)
    assert.equal((await this.storage.getFile(this.container, file)).size, content.length)
  }

  /** Uses one name with every operation. */
  readonly roundTrip = async (file: string): Promise<void> => {
    const { storage, container } = this
    const plain = 'copies/plain.bin'
    const content = bytes(1000 + file.length, file.length)
    const written = await this.put(file, content, { contentType: 'application/x-round-trip' })
    assert.equal(written.name, file, 'the name that the write returned')
    const info = await this.secondStorage.getFile(container, file)
    assert.equal(info.name, file, 'the name that getFile returned')
    assert.equal(info.container, container)
    agrees(written, info)
    await this.isWhole(file, content)
    sameBytes(await this.read(file, { range: { start: 10, end: 19 } }), content.subarray(10, 20), 'the range')
    assert.deepEqual(await this.names(), [file], 'the list')
    assert.deepEqual(await this.names({ prefix: file }), [file], 'the list with the name as prefix')
    await storage.copyFile({ container, file }, { container, file: plain })
    sameBytes(await this.read(plain), content, 'the copy')
    await storage.removeFile(container, file)
    await absent(storage, container, file)
    await storage.copyFile({ container, file: plain }, { container, file })
    sameBytes(await this.read(file), content, 'the copy back')
    assert.equal((await storage.getFile(container, file)).contentType, 'application/x-round-trip')
    await this.#roundTripOfParts(file)
    await this.#roundTripOfUrl(file, content)
    assert.deepEqual(await storage.removeFiles(container, [file]), [{ file }])
    assert.deepEqual(await this.names(), [plain], 'the list after the removal')
    await storage.removeFile(container, plain)
  }

  async #roundTripOfParts(file: string): Promise<void> {
    if (this.capabilities.parts === false) return
    const { storage, container } = this
    const upload = await storage.startUpload(container, file, { partSize: this.partSize })
    assert.equal(upload.file, file)
    assert.deepEqual(
      (await Array.fromAsync(storage.uploads(container, { prefix: file }))).map((unfinished) => unfinished.file),
      [file],
      'the list of unfinished uploads',
    )
    const content = bytes(50, 7)
    const part = await storage.uploadPart(upload, 1, content)
    await storage.completeUpload(upload, [part])
    await this.isWhole(file, content)
    await storage.putFile(container, file, bytes(1000 + file.length, file.length))
  }

  async #roundTripOfUrl(file: string, content: Uint8Array): Promise<void> {
    if (this.capabilities.signedUrls === false) return
    const signing = this.storage.signUrl(this.container, file, { method: 'GET', expiresIn: 60 })
    const signed = await signing.catch((error: unknown) => void isCode(error, 'INVALID_NAME'))
    if (signed === undefined) return
    const { url, headers } = signed
    const response = await fetch(url, { headers })
    assert.equal(response.status, 200, 'the status of the signed URL')
    sameBytes(Buffer.from(await response.arrayBuffer()), content, 'the content of the signed URL')
  }

  /** Destroys what the case created. */
  async end(): Promise<void> {
    for (const action of this.#atEnd.toReversed()) await action()
    for (const container of this.#containers) {
      await this.storage.destroyContainer(container).catch((error: unknown) => {
        if (!isStorageError(error, 'CONTAINER_NOT_FOUND')) throw error
      })
    }
  }
}

/** Calls `act` for each item, 32 at a time. */
async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const worker = async () => {
    for (const item of iterator) await act(item)
  }
  await Promise.all(Array.from({ length: 32 }, worker))
}
