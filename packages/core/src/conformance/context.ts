/**
 * What a case works with. Its methods are bound, so that a case can take out the ones it needs.
 */
import assert from 'node:assert/strict'
import type { Body, ListFilesOptions, OpenFileOptions, StorageServiceOptions, WriteOptions } from '../index.js'
import { StorageService } from '../index.js'
import type { Capabilities, StorageProvider, UnfinishedUpload, WrittenFile } from '../provider.js'
import { isStorageError } from '../provider.js'
import { bytes } from './content.js'
import { absent, agrees, isCode, namesOf, read, sameBytes } from './expectations.js'
import { FaultyProvider } from './faulty-provider.js'
import type { ConformanceHarness } from './harness.js'

/** Retries that do not wait, for cases about faults. */
const impatient = { retry: { minDelay: 1, maxDelay: 2, maxOutage: 0 } } as const satisfies StorageServiceOptions

/** What a case gets of its run. */
export interface RunHandles {
  readonly harness: ConformanceHarness
  readonly provider: StorageProvider
  readonly storage: StorageService
  readonly secondStorage: StorageService
  newProvider(): StorageProvider
  containerName(): string
  fixture(key: string, fill: (container: string) => Promise<void>): Promise<string>
}

export class CaseContext {
  readonly #run: RunHandles
  /** A container that is this case's own, empty at its start. */
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

  /** The same storage over another handle, as another process has it. */
  get secondStorage(): StorageService {
    return this.#run.secondStorage
  }

  get capabilities(): Capabilities {
    return this.provider.capabilities
  }

  get secrets(): readonly string[] {
    return this.#run.harness.secrets ?? []
  }

  /** What every call to the bare provider is given. */
  get call(): { readonly signal: AbortSignal } {
    return { signal: new AbortController().signal }
  }

  /** Bytes of a part that every provider takes: the smallest, and not so small that parts become many. */
  get partSize(): number {
    return Math.max(64 * 1024, this.capabilities.parts === false ? 0 : this.capabilities.parts.minPartSize)
  }

  /** A handle of this case's own, which it may close. */
  readonly newProvider = (): StorageProvider => {
    return this.#run.newProvider()
  }

  /** A provider that fails when told to, and counts, around the shared handle. */
  readonly faulty = (capabilities?: Partial<Capabilities>): FaultyProvider => {
    return new FaultyProvider(this.provider, capabilities)
  }

  readonly over = (provider: StorageProvider, options: StorageServiceOptions = impatient): StorageService => {
    return new StorageService(provider, options)
  }

  /**
   * A provider that takes bodies in memory alone, and small ones, so that core sends the larger ones in parts, whatever the provider
   * itself would take. Needs parts.
   */
  readonly inParts = (capabilities: Partial<Capabilities> = {}): FaultyProvider => {
    return this.faulty({ streamingPut: false, maxPutSize: this.partSize, ...capabilities })
  }

  /** A container's name that is free. The container is destroyed after the case if the case created it. */
  readonly containerName = (): string => {
    const name = this.#run.containerName()
    this.#containers.push(name)
    return name
  }

  /** Registers a container whose name the case has made itself. */
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

  /** A container that several cases share and none changes, filled when the first one asks. */
  readonly fixture = (key: string, fill: (container: string) => Promise<void>): Promise<string> => {
    return this.#run.fixture(key, fill)
  }

  readonly put = (file: string, body: Body = bytes(100), options?: WriteOptions): Promise<WrittenFile> => {
    return this.storage.putFile(this.container, file, body, options)
  }

  /** Many small files: a few at a time, or a thousand and more at once where the harness can. */
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

  /** That nothing of a file is there: not visible, no unfinished upload, and the container counts as empty of it. */
  readonly nothingOf = async (file: string): Promise<void> => {
    await absent(this.storage, this.container, file)
    const unfinished = (await this.uploads()).filter((upload) => upload.file === file)
    assert.deepEqual(unfinished, [], 'an unfinished upload is left')
  }

  /** That no such file is visible, though an upload of it may be under way. */
  readonly isAbsent = (file: string): Promise<void> => absent(this.storage, this.container, file)

  readonly isWhole = async (file: string, content: Uint8Array): Promise<void> => {
    sameBytes(await this.read(file), content)
    assert.equal((await this.storage.getFile(this.container, file)).size, content.length)
  }

  /** Put, head, get, range, list, copy from and to, parts, signed URL and removal, all under one name. */
  readonly roundTrip = async (file: string): Promise<void> => {
    const { storage, container } = this
    const plain = 'copies/plain.bin'
    const content = bytes(1000 + file.length, file.length)
    const written = await this.put(file, content, { contentType: 'application/x-round-trip' })
    assert.equal(written.name, file, 'the name in the answer to the write')
    const info = await this.secondStorage.getFile(container, file)
    assert.equal(info.name, file, 'the name in the file’s facts')
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
    const answer = await fetch(url, { headers })
    assert.equal(answer.status, 200, 'the status of the signed URL')
    sameBytes(Buffer.from(await answer.arrayBuffer()), content, 'the content of the signed URL')
  }

  /** Destroys what the case has made. */
  async end(): Promise<void> {
    for (const action of this.#atEnd.toReversed()) await action()
    for (const container of this.#containers) {
      await this.storage.destroyContainer(container).catch((error: unknown) => {
        if (!isStorageError(error, 'CONTAINER_NOT_FOUND')) throw error
      })
    }
  }
}

/** Does something for each, 32 at a time. */
async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const worker = async () => {
    for (const item of iterator) await act(item)
  }
  await Promise.all(Array.from({ length: 32 }, worker))
}
