/**
 * A policy on the requests of one resumable upload, which may be in different processes.
 *
 * The head is checked before any part is stored. If a rule needs the whole file, all bytes are kept
 * hidden, and pass through this process when the upload is complete: see `ResumableUpload.write`.
 */
import type { StorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import { checkHead, headLength, tooLargeRefusal, unreadableRefusal } from './checkpoints.js'
import type { CompiledPolicy } from './compile.js'
import type { AnnouncedFile } from './policy.js'
import type { Reservation } from './reservation.js'

/** How a complete upload whose bytes are hidden is stored as a file. */
type StoreHidden = (content: AsyncIterable<Uint8Array>, size: number) => Promise<WrittenFile>

export interface UploadGuardOptions {
  readonly policy: CompiledPolicy
  readonly file: AnnouncedFile
  readonly reservation: Reservation
  /** The name of the provider, for warnings. */
  readonly provider: string
  /** The type with which the file will be stored, if no content decides it. */
  readonly type: string | undefined
  /** Whether all bytes are hidden until the upload is complete. */
  readonly isHidden: boolean
  readonly store: StoreHidden
}

export class UploadGuard {
  readonly #options: UploadGuardOptions
  readonly store: StoreHidden

  constructor(options: UploadGuardOptions) {
    this.#options = options
    this.store = options.store
  }

  /** How many bytes the rules need before any is stored as a part of the file. */
  get headLength(): number {
    return headLength(this.#options.policy)
  }

  /** Checks the first bytes of the file. */
  async checkHead(head: Uint8Array, isWhole: boolean): Promise<void> {
    const { policy, file, type, isHidden } = this.#options
    const result = await checkHead(policy, file, type, head, isWhole)
    // If an upload is not hidden, no rule inspects the bytes after the head.
    if (result.dimensions !== undefined && !isHidden) throw unreadableRefusal(file, result.type)
  }

  /** Makes the error of a file that is larger than allowed. */
  tooLarge(maxSize: number): StorageError | undefined {
    const { policy, file } = this.#options
    return policy.maxSize === maxSize ? tooLargeRefusal(file, maxSize) : undefined
  }

  /** Reserves the whole size, which was declared after the start. */
  async declare(size: number): Promise<void> {
    await this.#options.reservation.reserve(size)
  }

  /** Reserves what arrives of a file whose size is unknown. */
  async reach(position: number): Promise<void> {
    await this.#options.reservation.reach(position)
  }

  async settle({ size }: WrittenFile): Promise<void> {
    await this.#options.reservation.settle(size, this.#options.provider)
  }

  async release(): Promise<void> {
    await this.#options.reservation.release(this.#options.provider)
  }
}
