/**
 * A quota whose accounts are small files in a storage: one for each owner, as JSON, written only in
 * the version that was read. Any number of processes may share it.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { invalid, shown } from '../checks/invalid.js'
import { checkOptions, type NamesOf } from '../checks/option-names.js'
import { errorCodes, isStorageError, StorageError } from '../contract/errors.js'
import type { StorageService } from '../service/service.js'
import type { Quota, ReservationKey } from './policy.js'

/** Options of a {@link StorageQuota}. */
export interface StorageQuotaOptions {
  /** The container of the accounts. It has to exist, and no client may write to it. */
  readonly container: string
  /** Bytes per owner, or a function that returns them. */
  readonly limit: number | ((owner: string) => number | Promise<number>)
  /** Before the names of the accounts' files. Default: none. */
  readonly prefix?: string
}

/** What an owner stores, in bytes. */
export interface QuotaUsage {
  readonly used: number
  /** Bytes of uploads that are not complete. */
  readonly reserved: number
  readonly limit: number
}

interface Account {
  /** Random, so that a write whose response was lost is recognized. */
  readonly version: string
  readonly used: number
  /** By id: bytes, and when the reservation ends, in milliseconds since the epoch. */
  readonly reserved: Readonly<Record<string, readonly [bytes: number, expires: number]>>
}

interface Options {
  readonly signal: AbortSignal
}

const optionNames = { container: true, limit: true, prefix: true } as const satisfies NamesOf<StorageQuotaOptions>
/** Milliseconds: the longest wait for another process that writes the same account. */
const longestWait = 200
/** Milliseconds without success after which a call fails. */
const patience = 30_000

const sumOf = ({ reserved }: Account): number => Object.values(reserved).reduce((sum, [bytes]) => sum + bytes, 0)

/**
 * Limits the bytes of each owner. Needs a storage with `conditions.create` and `conditions.update`
 * that are `atomic`.
 *
 * Bytes of files that are deleted or replaced stay counted until the application subtracts them by
 * {@link StorageQuota.change}.
 *
 * @example
 * await storage.createContainer({ name: 'accounts' })
 * const quota = new StorageQuota(storage, { container: 'accounts', limit: 1_000_000 })
 * await storage.putFile('photos', 'cat.jpg', 'meow', { policy: { quota, owner: 'tom' } })
 * const { used } = await quota.usage('tom')
 * used // 4
 */
export class StorageQuota implements Quota {
  readonly #storage: StorageService
  readonly #container: string
  readonly #prefix: string
  readonly #limit: StorageQuotaOptions['limit']

  /**
   * @throws `INVALID_ARGUMENT`; `NOT_SUPPORTED` if the storage has no atomic conditions.
   */
  constructor(storage: StorageService, options: StorageQuotaOptions) {
    checkOptions('StorageQuota', options, optionNames)
    const { container, limit, prefix = '' } = options
    if (typeof limit !== 'function' && !(Number.isSafeInteger(limit) && limit >= 0)) {
      throw invalid('limit', `limit must be a whole number of bytes, or a function, not ${shown(limit)}`)
    }
    if (typeof prefix !== 'string') throw invalid('prefix', `prefix must be a string, not ${shown(prefix)}`)
    const { create, update } = storage.capabilities.conditions
    if (create !== 'atomic' || update !== 'atomic') {
      const message = 'a quota needs atomic conditions (capabilities.conditions.create and update)'
      throw new StorageError('NOT_SUPPORTED', message, { details: { capability: 'conditions' } })
    }
    this.#storage = storage
    this.#container = container
    this.#prefix = prefix
    this.#limit = limit
  }

  async reserve(
    { owner, id, bytes, expires }: ReservationKey & { readonly bytes: number; readonly expires: Date },
    { signal }: Options,
  ): Promise<void> {
    const limit = await this.#limitOf(owner)
    await this.#update(owner, signal, (account) => {
      const { [id]: _, ...others } = account.reserved
      const left = limit - account.used - sumOf({ ...account, reserved: others })
      if (bytes > left) {
        const message = `the file does not fit: ${Math.max(0, left)} of ${limit} bytes are left`
        throw new StorageError('QUOTA_EXCEEDED', message, { details: { left: Math.max(0, left), size: limit } })
      }
      return { ...account, reserved: { ...others, [id]: [bytes, expires.getTime()] } }
    })
  }

  async settle({ owner, id, bytes }: ReservationKey & { readonly bytes: number }, { signal }: Options): Promise<void> {
    await this.#update(owner, signal, ({ used, reserved: { [id]: _, ...reserved }, ...account }) => ({
      ...account,
      used: used + bytes,
      reserved,
    }))
  }

  async release({ owner, id }: ReservationKey, { signal }: Options): Promise<void> {
    await this.#update(owner, signal, (account) => {
      if (account.reserved[id] === undefined) return undefined
      const { [id]: _, ...reserved } = account.reserved
      return { ...account, reserved }
    })
  }

  /**
   * Adds bytes to what an owner stores, or subtracts them: after a file was deleted, with its size
   * as a negative number.
   */
  async change(owner: string, bytes: number, { signal = AbortSignal.timeout(patience) } = {}): Promise<void> {
    if (!Number.isSafeInteger(bytes)) throw invalid('bytes', `bytes must be a whole number, not ${shown(bytes)}`)
    await this.#update(owner, signal, (account) => ({ ...account, used: Math.max(0, account.used + bytes) }))
  }

  /** Returns what an owner stores. */
  async usage(owner: string, { signal = AbortSignal.timeout(patience) } = {}): Promise<QuotaUsage> {
    const { account } = await this.#read(owner, signal)
    return { used: account.used, reserved: sumOf(account), limit: await this.#limitOf(owner) }
  }

  async #limitOf(owner: string): Promise<number> {
    return typeof this.#limit === 'function' ? this.#limit(owner) : this.#limit
  }

  #nameOf(owner: string): string {
    return `${this.#prefix}${encodeURIComponent(owner)}.json`
  }

  async #read(
    owner: string,
    signal: AbortSignal,
  ): Promise<{ readonly account: Account; readonly etag: string | undefined }> {
    try {
      await using opened = await this.#storage.openFile(this.#container, this.#nameOf(owner), { signal })
      const { version, used, reserved } = JSON.parse(await opened.text()) as Account
      const now = Date.now()
      const pending = Object.entries(reserved).filter(([, [, expires]]) => expires > now)
      return { account: { version, used, reserved: Object.fromEntries(pending) }, etag: opened.info.etag }
    } catch (error) {
      if (!isStorageError(error, 'FILE_NOT_FOUND')) throw error
      return { account: { version: '', used: 0, reserved: {} }, etag: undefined }
    }
  }

  /**
   * Changes an account in the version that was read, as often as another process changes it in
   * between. If the response to a write is lost, the next read shows whether it was executed.
   */
  async #update(owner: string, signal: AbortSignal, change: (account: Account) => Account | undefined): Promise<void> {
    const giveUp = Date.now() + patience
    const version = randomUUID()
    for (let attempt = 0; ; attempt++) {
      const { account, etag } = await this.#read(owner, signal)
      if (account.version === version) return
      const changed = change(account)
      if (changed === undefined) return
      try {
        await this.#write(owner, { ...changed, version }, etag, signal)
        return
      } catch (error) {
        if (!isStorageError(error)) throw error
        const mayRetry = error.code === 'PRECONDITION_FAILED' || errorCodes[error.code].retry !== 'never'
        if (!(mayRetry || error.code === 'BUSY') || Date.now() > giveUp) throw error
        await delay(Math.random() * Math.min(longestWait, 5 * 2 ** Math.min(attempt, 6)), undefined, { signal })
      }
    }
  }

  /** Writes past the service, whose own policy may have this quota. */
  async #write(owner: string, account: Account, etag: string | undefined, signal: AbortSignal): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(account))
    await this.#storage.provider.putFile(this.#container, this.#nameOf(owner), bytes, {
      signal,
      size: bytes.length,
      attributes: { contentType: 'application/json', metadata: {} },
      conditions: etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag },
      checksums: {},
      native: {},
    })
  }
}
