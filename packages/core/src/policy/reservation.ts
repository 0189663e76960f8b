/** What one upload reserves of its owners' quotas. */
import { randomUUID } from 'node:crypto'
import { isStorageError, StorageError } from '../contract/errors.js'
import { warn } from '../service/diagnostics.js'
import type { CompiledPolicy, OwnedQuota } from './compile.js'
import type { AnnouncedFile, ReservationKey } from './policy.js'
import { refusalOf } from './refusal.js'

/** Milliseconds after which the reservation of an upload ends by itself, by default. */
const defaultLifetime = 86_400_000
/** Milliseconds for the end of a reservation after the upload. */
const endTimeout = 30_000
/** Bytes: the first reservation of a body of unknown length. Each next one is twice as large. */
const firstStep = 1024 * 1024
const maxStep = 64 * 1024 * 1024

interface Owned extends ReservationKey {
  readonly quota: OwnedQuota['quota']
}

export class Reservation {
  readonly #file: AnnouncedFile
  readonly #owned: readonly Owned[]
  readonly #expires: Date
  readonly #signal: AbortSignal
  #reserved = 0
  #step = firstStep

  /** @param id The same for all requests of one upload. */
  constructor(
    { quotas }: CompiledPolicy,
    file: AnnouncedFile,
    signal: AbortSignal,
    { id, expires }: { readonly id?: string; readonly expires?: Date } = {},
  ) {
    this.#file = file
    this.#signal = signal
    this.#expires = expires ?? new Date(Date.now() + defaultLifetime)
    const upload = quotas.length === 0 ? '' : (id ?? randomUUID())
    this.#owned = quotas.map(({ quota, ownerOf }, index) => ({
      quota,
      owner: ownerOf(file),
      id: index === 0 ? upload : `${upload}.${index}`,
    }))
  }

  /** Reserves a number of bytes for the whole file. */
  async reserve(bytes: number): Promise<void> {
    if (bytes <= this.#reserved) return
    for (const { quota, owner, id } of this.#owned) {
      await this.#call(() => quota.reserve({ owner, id, bytes, expires: this.#expires }, { signal: this.#signal }))
    }
    this.#reserved = bytes
  }

  /** Reserves at least a number of bytes for a file whose size is unknown. */
  async reach(bytes: number): Promise<void> {
    if (bytes <= this.#reserved || this.#owned.length === 0) return
    const wanted = Math.max(bytes, this.#reserved + this.#step)
    this.#step = Math.min(maxStep, this.#step * 2)
    try {
      await this.reserve(wanted)
    } catch (error) {
      if (!isStorageError(error, 'QUOTA_EXCEEDED') || wanted === bytes) throw error
      await this.reserve(bytes)
    }
  }

  /** The file is stored. If a quota cannot be reached, this is a warning: the file stays. */
  async settle(bytes: number, provider: string): Promise<void> {
    await this.#end(provider, ({ quota, owner, id }, signal) => quota.settle({ owner, id, bytes }, { signal }))
  }

  /** The file is not stored. */
  async release(provider: string): Promise<void> {
    await this.#end(provider, ({ quota, owner, id }, signal) => quota.release({ owner, id }, { signal }))
  }

  async #end(provider: string, call: (owned: Owned, signal: AbortSignal) => Promise<void>): Promise<void> {
    const signal = AbortSignal.timeout(endTimeout)
    for (const owned of this.#owned) {
      try {
        await call(owned, signal)
      } catch (cause) {
        const { container, name } = this.#file
        const message = `the quota of ${JSON.stringify(owned.owner)} does not know how an upload ended`
        warn({ provider, error: new StorageError('SERVICE_FAILED', message, { container, file: name, cause }) })
      }
    }
  }

  async #call(reserve: () => Promise<void>): Promise<void> {
    try {
      await reserve()
    } catch (error) {
      throw isStorageError(error, 'QUOTA_EXCEEDED') ? refusalOf(this.#file, 'quota', error) : error
    }
  }
}
