/**
 * The frame of every operation: its deadline, retries, diagnostics and errors, and the pages of
 * lists.
 */
import { checkLimit } from '../checks/arguments.js'
import { type Method, methodOptions } from '../checks/method-options.js'
import { checkOptions } from '../checks/option-names.js'
import { describeCause, isStorageError, StorageError, type StorageErrorContext } from '../contract/errors.js'
import type { FileLocation } from '../contract/files.js'
import type { ListCallOptions, StorageProvider } from '../contract/provider.js'
import { defined } from '../kit/defined.js'
import { type BodyRules, CheckedBody } from '../upload/body.js'
import { claimBody } from '../upload/body-claim.js'
import { discardBody } from '../upload/body-source.js'
import { decodeCursor, encodeCursor, type ListIdentity } from './cursor.js'
import { OperationScope } from './deadline.js'
import { OperationTimer } from './diagnostics.js'
import type { Body, ListOptions, OperationOptions, Page, PageOptions } from './options.js'
import { addFailure, noFailures, type RetryPolicy } from './retry.js'

/** The container and the file of an operation. */
export type Subject = Pick<StorageErrorContext, 'container' | 'file'>

export const subjectOf = (location: FileLocation | undefined): Subject => ({
  container: location?.container,
  file: location?.file,
})

interface ProviderPage<T> {
  readonly entries: readonly T[]
  readonly next?: string
}

type OperationCall<T> = (signal: AbortSignal) => Promise<T>

/** The body of an operation. */
interface SentBody {
  /** Bytes that were sent. */
  readonly bytes: () => number
  /** Stops reading the body after the operation has failed. */
  readonly stop: (error: StorageError) => void
}

/** Requests a page of one of the provider's lists. Throws for invalid arguments. */
type ListCall<T> = (call: ListCallOptions) => Promise<ProviderPage<T>>

/** Methods that errors and diagnostics report under the name of the method that they call. */
const operationOf: Partial<Record<Method, Method>> = {
  getContainers: 'containerPage',
  containers: 'containerPage',
  hasContainer: 'getContainer',
  getFiles: 'filePage',
  files: 'filePage',
  hasFile: 'getFile',
}

export class Operations {
  readonly #provider: StorageProvider
  readonly retry: RetryPolicy
  #closing: Promise<void> | undefined

  constructor(provider: StorageProvider, retry: RetryPolicy) {
    this.#provider = provider
    this.retry = retry
  }

  /**
   * Begins an operation.
   *
   * @throws `CLOSED` after `close`; `ABORTED` if the caller's signal is aborted; `INVALID_ARGUMENT`
   * for unknown options.
   */
  open(method: Method, options: OperationOptions): OperationScope {
    checkOptions(method, options, methodOptions[method])
    if (this.#closing !== undefined) throw new StorageError('CLOSED', 'the storage was closed')
    return new OperationScope(options)
  }

  /** Runs one operation. Its errors become `StorageError`s that name the operation. */
  run<T>(method: Method, subject: Subject, options: OperationOptions, call: OperationCall<T>): Promise<T> {
    return this.#run(method, subject, options, undefined, call)
  }

  /** {@link run} for a call that is idempotent: it is retried whenever the error allows it. */
  repeat<T>(method: Method, subject: Subject, options: OperationOptions, call: OperationCall<T>): Promise<T> {
    return this.#run(method, subject, options, true, call)
  }

  /** {@link run} for a call that is retried only if the service reports that it did nothing. */
  once<T>(method: Method, subject: Subject, options: OperationOptions, call: OperationCall<T>): Promise<T> {
    return this.#run(method, subject, options, false, call)
  }

  /**
   * @param idempotent `undefined`: the call is not retried as a whole.
   */
  async #run<T>(
    method: Method,
    subject: Subject,
    options: OperationOptions,
    idempotent: boolean | undefined,
    call: OperationCall<T>,
    sent?: SentBody,
  ): Promise<T> {
    const timer = OperationTimer.start()
    let scope: OperationScope | undefined
    let failure: StorageError | undefined
    const operation = operationOf[method] ?? method
    try {
      scope = this.open(method, options)
      for (let failures = noFailures; ; ) {
        try {
          return await call(scope.signal)
        } catch (error) {
          if (idempotent === undefined) throw error
          failures = addFailure(failures)
          await this.retry.next(failures, error, scope.signal, idempotent)
        }
      }
    } catch (error) {
      failure = this.explain(operation, subject, scope?.signal, error)
      sent?.stop(failure)
      throw failure
    } finally {
      scope?.dispose()
      timer?.end({ operation, provider: this.#provider.name, ...subject, bytes: sent?.bytes() ?? 0, error: failure })
    }
  }

  /** Runs an operation with a body. If the operation fails, the rest of the body is not read. */
  send<Checked extends { readonly rules: BodyRules; readonly onProgress?: (bytes: number) => void }, Result>(
    method: Method,
    subject: Subject,
    options: OperationOptions,
    body: Body,
    check: () => Checked,
    call: (source: CheckedBody, checked: Checked, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    // Before the operation begins, so that the first of two concurrent calls gets the body.
    const refusal = claimBody(body)
    let source: CheckedBody | undefined
    const send = (signal: AbortSignal) => {
      if (refusal !== undefined) throw refusal
      const checked = check()
      const opened = new CheckedBody(body, checked.rules, checked.onProgress)
      source = opened
      signal.addEventListener('abort', () => opened.destroy(signal.reason), { once: true })
      return call(opened, checked, signal)
    }
    return this.#run(method, subject, options, undefined, send, {
      bytes: () => source?.taken ?? 0,
      stop: (error) => {
        if (source !== undefined) source.destroy(error)
        else if (refusal === undefined) discardBody(body)
      },
    })
  }

  /** Adds the operation's context to an error. Other errors become `INTERNAL`. */
  explain(operation: string, subject: Subject, signal: AbortSignal | undefined, error: unknown): StorageError {
    const context = { operation, provider: this.#provider.name, ...subject }
    if (signal?.aborted && isStorageError(signal.reason)) return signal.reason.withContext(context)
    if (isStorageError(error)) return error.withContext(context)
    const cause = describeCause(error)
    const message = `unexpected error from provider ${JSON.stringify(context.provider)}: ${cause.message}`
    return new StorageError('INTERNAL', message, { ...context, cause })
  }

  /** Yields the entries of a list. Requests a page when it is needed. */
  async *iterate<T>(
    method: Method,
    subject: Subject,
    options: ListOptions,
    list: ListCall<T>,
  ): AsyncIterableIterator<T> {
    let next: string | undefined
    do {
      const page: ProviderPage<T> = await this.run(method, subject, options, async (signal) => {
        const limit = checkLimit('pageSize', options.pageSize, this.#provider.capabilities)
        return this.#listed(list, defined({ signal, limit, next }))
      })
      for (const entry of page.entries) {
        if (options.signal?.aborted) await this.run(method, subject, options, async () => undefined)
        yield entry
      }
      next = page.next
    } while (next !== undefined)
  }

  /**
   * Returns one page of a list, with a cursor that is valid only for this list. Joins the
   * provider's pages until there are as many entries as requested.
   */
  page<T>(
    method: Method,
    subject: Subject,
    options: OperationOptions & PageOptions,
    identity: () => ListIdentity,
    list: ListCall<T>,
  ): Promise<Page<T>> {
    return this.run(method, subject, options, async (signal) => {
      const listIdentity = [this.#provider.name, ...identity()]
      const limit = checkLimit('limit', options.limit, this.#provider.capabilities)
      const entries: T[] = []
      let from = options.cursor === undefined ? undefined : decodeCursor(listIdentity, options.cursor)
      do {
        const page = await this.#listed(list, {
          signal,
          limit: limit - entries.length,
          ...defined({ next: from }),
        })
        entries.push(...page.entries)
        from = page.next
      } while (from !== undefined && entries.length < limit)
      return from === undefined ? { entries } : { entries, cursor: encodeCursor(listIdentity, from) }
    })
  }

  async #listed<T>(list: ListCall<T>, call: ListCallOptions): Promise<ProviderPage<T>> {
    const page = await this.retry.run(call.signal, true, async () => list(call))
    if (!Array.isArray(page?.entries))
      throw new StorageError('BAD_RESPONSE', 'the provider did not return a page of a list')
    return page
  }

  close(): Promise<void> {
    this.#closing ??= this.#provider.close().catch((error: unknown) => {
      throw this.explain('close', {}, undefined, error)
    })
    return this.#closing
  }
}
