/**
 * A wrapper of a provider that injects faults and records the calls.
 */

import { Readable } from 'node:stream'
import {
  withDirectUploads,
  withOrigins,
  withResumableUploads,
  withSignedUrls,
  withUploads,
} from '../../checks/provider.js'
import {
  type Capabilities,
  freezeCapabilities,
  type OpenFile,
  type ProviderBody,
  ProviderWrapper,
  type providerMethods,
  type StorageProvider,
} from '../../provider.js'

export type ProviderMethod = (typeof providerMethods)[number]
type Call<M extends ProviderMethod> = NonNullable<StorageProvider[M]>
type Arguments<M extends ProviderMethod> = Parameters<Call<M>>
type Result<M extends ProviderMethod> = Awaited<ReturnType<Call<M>>>

/** Replaces a call. `proceed` makes the call, with other arguments if any are given. */
export type Behaviour<M extends ProviderMethod> = (
  proceed: (...args: Arguments<M>) => Promise<Result<M>>,
  ...args: Arguments<M>
) => Promise<Result<M>>

interface Rule {
  readonly behaviour: (proceed: (...args: unknown[]) => Promise<unknown>, ...args: unknown[]) => Promise<unknown>
  times: number
}

export interface RecordedCall {
  readonly method: ProviderMethod
  readonly args: readonly unknown[]
}

export class FaultyProvider extends ProviderWrapper {
  /** All calls in order, including failed ones. */
  readonly calls: RecordedCall[] = []
  readonly #rules = new Map<ProviderMethod, Rule[]>()
  readonly #capabilities: Capabilities
  declare readonly moveFile?: NonNullable<StorageProvider['moveFile']>
  declare readonly verifyUrl?: NonNullable<StorageProvider['verifyUrl']>

  /** @param capabilities Each replaces the capability of the inner provider. */
  constructor(inner: StorageProvider, capabilities: Partial<Capabilities> = {}) {
    super(inner)
    this.#capabilities = freezeCapabilities({ ...inner.capabilities, ...capabilities })
    const move = inner.moveFile?.bind(inner)
    if (move !== undefined) this.moveFile = (...args) => this.#call('moveFile', args, move)
    const verify = inner.verifyUrl?.bind(inner)
    if (verify !== undefined) this.verifyUrl = (...args) => this.#call('verifyUrl', args, verify)
  }

  override get capabilities(): Capabilities {
    return this.#capabilities
  }

  count(method: ProviderMethod): number {
    return this.calls.filter((call) => call.method === method).length
  }

  /** Changes the next `times` calls of a method. Several rules apply one after the other. */
  on<M extends ProviderMethod>(method: M, behaviour: Behaviour<M>, times = Number.POSITIVE_INFINITY): this {
    const rules = this.#rules.get(method) ?? []
    // The behaviour belongs to this method, which the type of the map cannot express.
    rules.push({ behaviour: behaviour as unknown as Rule['behaviour'], times })
    this.#rules.set(method, rules)
    return this
  }

  /** The next calls fail with this error without reaching the provider. */
  fail(method: ProviderMethod, error: Error, times = 1): this {
    return this.on(method, () => Promise.reject(error), times)
  }

  /** The next calls reach the provider and then fail with this error: the response is lost. */
  loseResponse<M extends ProviderMethod>(method: M, error: Error, times = 1): this {
    const behaviour: Behaviour<M> = async (proceed, ...args) => {
      await proceed(...args)
      throw error
    }
    return this.on(method, behaviour, times)
  }

  /** The next calls only wait until their signal is aborted, and then fail. */
  stall<M extends ProviderMethod>(method: M, onStall: () => void = () => {}, times = 1): this {
    const behaviour: Behaviour<M> = async (_proceed, ...args) => {
      const { signal } = args.at(-1) as { signal: AbortSignal }
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
      onStall()
      return aborted
    }
    return this.on(method, behaviour, times)
  }

  /** Changes the content that the next readers receive. */
  transformDownload(transform: (content: AsyncIterable<Buffer>) => AsyncIterable<Buffer>, times = 1): this {
    return this.on('openFile', async (proceed, ...args) => changed(await proceed(...args), transform), times)
  }

  /** The next readers receive `after` bytes, then this error. */
  breakDownload(after: number, error: Error, times = 1): this {
    return this.transformDownload(async function* (content) {
      let left = after
      for await (const chunk of content) {
        if (left > 0) yield chunk.subarray(0, left)
        left -= chunk.length
        if (left <= 0) throw error
      }
      throw error
    }, times)
  }

  override listContainers(...args: Arguments<'listContainers'>) {
    return this.#call('listContainers', args, this.inner.listContainers)
  }

  override createContainer(...args: Arguments<'createContainer'>) {
    return this.#call('createContainer', args, this.inner.createContainer)
  }

  override getContainer(...args: Arguments<'getContainer'>) {
    return this.#call('getContainer', args, this.inner.getContainer)
  }

  override destroyContainer(...args: Arguments<'destroyContainer'>) {
    return this.#call('destroyContainer', args, this.inner.destroyContainer)
  }

  override listFiles(...args: Arguments<'listFiles'>) {
    return this.#call('listFiles', args, this.inner.listFiles)
  }

  override getFile(...args: Arguments<'getFile'>) {
    return this.#call('getFile', args, this.inner.getFile)
  }

  override openFile(...args: Arguments<'openFile'>) {
    return this.#call('openFile', args, this.inner.openFile)
  }

  override putFile(...args: Arguments<'putFile'>) {
    return this.#call('putFile', args, this.inner.putFile)
  }

  override removeFile(...args: Arguments<'removeFile'>) {
    return this.#call('removeFile', args, this.inner.removeFile)
  }

  override removeFiles(...args: Arguments<'removeFiles'>) {
    return this.#call('removeFiles', args, this.inner.removeFiles)
  }

  override copyFile(...args: Arguments<'copyFile'>) {
    return this.#call('copyFile', args, this.inner.copyFile)
  }

  override startUpload(...args: Arguments<'startUpload'>) {
    return this.#call('startUpload', args, withUploads(this.inner).startUpload)
  }

  override uploadPart(...args: Arguments<'uploadPart'>) {
    return this.#call('uploadPart', args, withUploads(this.inner).uploadPart)
  }

  override listParts(...args: Arguments<'listParts'>) {
    return this.#call('listParts', args, withUploads(this.inner).listParts)
  }

  override completeUpload(...args: Arguments<'completeUpload'>) {
    return this.#call('completeUpload', args, withUploads(this.inner).completeUpload)
  }

  override abortUpload(...args: Arguments<'abortUpload'>) {
    return this.#call('abortUpload', args, withUploads(this.inner).abortUpload)
  }

  override listUploads(...args: Arguments<'listUploads'>) {
    return this.#call('listUploads', args, withUploads(this.inner).listUploads)
  }

  override putHiddenFile(...args: Arguments<'putHiddenFile'>) {
    return this.#call('putHiddenFile', args, withResumableUploads(this.inner).putHiddenFile)
  }

  override readHiddenFile(...args: Arguments<'readHiddenFile'>): Promise<Uint8Array> {
    return this.#call('readHiddenFile', args, withResumableUploads(this.inner).readHiddenFile)
  }

  override listHiddenFiles(...args: Arguments<'listHiddenFiles'>) {
    return this.#call('listHiddenFiles', args, withResumableUploads(this.inner).listHiddenFiles)
  }

  override removeHiddenFiles(...args: Arguments<'removeHiddenFiles'>) {
    return this.#call('removeHiddenFiles', args, withResumableUploads(this.inner).removeHiddenFiles)
  }

  override signUrl(...args: Arguments<'signUrl'>) {
    return this.#call('signUrl', args, withSignedUrls(this.inner).signUrl)
  }

  override signPart(...args: Arguments<'signPart'>) {
    return this.#call('signPart', args, withDirectUploads(this.inner).signPart)
  }

  override allowOrigins(...args: Arguments<'allowOrigins'>) {
    return this.#call('allowOrigins', args, withOrigins(this.inner).allowOrigins)
  }

  override close() {
    return this.#call('close', [], this.inner.close)
  }

  async #call<A extends unknown[], R>(
    method: ProviderMethod,
    args: A,
    call: (this: StorageProvider, ...args: A) => Promise<R>,
  ): Promise<R> {
    this.calls.push({ method, args })
    const proceed = (...given: A) => call.apply(this.inner, given)
    const rule = this.#rules.get(method)?.find(({ times }) => times > 0)
    if (rule === undefined) return proceed(...args)
    rule.times--
    // `on` accepts only a behaviour of this method.
    return rule.behaviour(proceed as unknown as Parameters<Rule['behaviour']>[0], ...args) as Promise<R>
  }
}

/** An open file with other content. Destroying its stream destroys the original one. */
function changed(opened: OpenFile, transform: (content: AsyncIterable<Buffer>) => AsyncIterable<Buffer>): OpenFile {
  const { info, offset, length } = opened
  const content = contentOf(opened)
  const stream = Readable.from(transform(content), { objectMode: false })
  stream.once('close', () => content.destroy())
  return { info, offset, length, stream }
}

/** The content as a stream, also if the provider returned bytes. */
function contentOf(opened: OpenFile): Readable {
  return 'stream' in opened ? opened.stream : Readable.from([opened.bytes], { objectMode: false })
}

/** A provider's body as an iterable, also if it is in memory. */
export async function* bodyOf(body: ProviderBody): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body
  else yield* body
}
