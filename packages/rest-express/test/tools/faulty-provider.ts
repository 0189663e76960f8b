/**
 * Storages that fail, or stop, where a test wants them to.
 */
import { Readable } from 'node:stream'
import { type RemoveOutcome, StorageError, type WrittenFile } from '@stowage/core'
import {
  type CallOptions,
  type FilePage,
  type ListFilesCallOptions,
  type OpenCallOptions,
  type OpenFile,
  type ProviderBody,
  ProviderWrapper,
  type PutCallOptions,
  type StorageProvider,
} from '@stowage/core/provider'
import { MemoryProvider } from '@stowage/provider-memory'

/** Sends `before`, then fails, or sends nothing more when there is no error. */
export class BrokenReads extends ProviderWrapper {
  /** Resolves when the stream that was opened last is destroyed. */
  readonly closed = Promise.withResolvers<void>()
  readonly #before: Buffer
  readonly #error: Error | undefined

  constructor(before: Buffer, error?: Error) {
    super(new MemoryProvider())
    this.#before = before
    this.#error = error
  }

  override async openFile(container: string, file: string, options: OpenCallOptions): Promise<OpenFile> {
    const opened = await super.openFile(container, file, options)
    const before = this.#before
    const error = this.#error
    const { closed } = this
    let sent = false
    const stream = new Readable({
      read() {
        if (!sent) {
          sent = true
          this.push(before)
        } else if (error !== undefined) {
          this.destroy(error)
        }
      },
      destroy(failure, callback) {
        closed.resolve()
        callback(failure)
      },
    })
    return { info: opened.info, offset: opened.offset, length: opened.length, stream }
  }
}

/** Fails to store files of one name, once their bodies have come in whole. */
export class BrokenWrites extends ProviderWrapper {
  readonly #file: string

  constructor(file: string) {
    super(new MemoryProvider())
    this.#file = file
  }

  override async putFile(
    container: string,
    file: string,
    body: ProviderBody,
    options: PutCallOptions,
  ): Promise<WrittenFile> {
    if (file === this.#file) throw new StorageError('NO_SPACE', 'no space left on /srv/secret')
    return super.putFile(container, file, body, options)
  }
}

/** May not remove the file of one name. */
export class BrokenRemovals extends ProviderWrapper {
  readonly #file: string

  constructor(file: string) {
    super(new MemoryProvider())
    this.#file = file
  }

  override async removeFiles(
    container: string,
    files: readonly string[],
    options: CallOptions,
  ): Promise<RemoveOutcome[]> {
    const outcomes = await super.removeFiles(container, files, options)
    return outcomes.map(({ file }) =>
      file === this.#file ? { file, error: new StorageError('PERMISSION_DENIED', 'it is locked') } : { file },
    )
  }
}

/** Lists `whole` pages and fails on the next one. */
export class BrokenLists extends ProviderWrapper {
  #left: number

  constructor(whole: number) {
    super(new MemoryProvider())
    this.#left = whole
  }

  override async listFiles(container: string, options: ListFilesCallOptions): Promise<FilePage> {
    if (this.#left-- <= 0) throw new StorageError('BAD_RESPONSE', 'nonsense from https://secret.example')
    return super.listFiles(container, options)
  }
}

/** A storage, and the calls of its methods that were made. */
export function countedCalls(): { readonly provider: StorageProvider; readonly calls: string[] } {
  const calls: string[] = []
  const inner = new MemoryProvider()
  const provider = new Proxy<StorageProvider>(inner, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        calls.push(String(property))
        return Reflect.apply(value, target, args)
      }
    },
  })
  return { provider, calls }
}
