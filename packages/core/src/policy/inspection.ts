/** One file on its way past the rules of a policy: announced, head, whole. */
import type { StorageError } from '../contract/errors.js'
import type { CheckedBody } from '../upload/body.js'
import { checkAnnounced, checkDimensions, checkHead, headLength, mayBeImage } from './checkpoints.js'
import type { CompiledPolicy } from './compile.js'
import type { DimensionsReader, DimensionsResult } from './image-dimensions.js'
import type { AnnouncedFile } from './policy.js'
import { isFinalRefusal } from './refusal.js'
import type { Reservation } from './reservation.js'
import { Scan } from './scanning.js'

/** Whether the rules need to read the whole file before it may appear. */
export const needsWhole = (policy: CompiledPolicy, type: string | undefined): boolean =>
  policy.scans.length > 0 || policy.detects || (policy.images.length > 0 && mayBeImage(type))

export class Inspection {
  readonly #policy: CompiledPolicy
  readonly #file: AnnouncedFile
  readonly #reservation: Reservation
  readonly #signal: AbortSignal
  #type: string | undefined
  #dimensions: { readonly reader: DimensionsReader; readonly type: string } | undefined
  #measured: DimensionsResult
  #scans: readonly Scan[] = []
  #taken = 0
  #refusal: StorageError | undefined

  constructor(policy: CompiledPolicy, file: AnnouncedFile, reservation: Reservation, signal: AbortSignal) {
    this.#policy = policy
    this.#file = file
    this.#reservation = reservation
    this.#signal = signal
  }

  /** Why the file is refused, if it goes to the quarantine. Other refusals are thrown. */
  get refusal(): StorageError | undefined {
    return this.#refusal
  }

  /** Checks what is known before the body, and reserves the announced bytes. */
  async announce(): Promise<void> {
    this.#type = await checkAnnounced(this.#policy, this.#file)
    if (this.#file.size !== undefined) await this.#reservation.reserve(this.#file.size)
  }

  /**
   * Checks the head, and follows the body from then on. Returns the type with which the file is
   * stored; `undefined` if no rule decides it.
   */
  async open(body: CheckedBody): Promise<string | undefined> {
    let type = this.#type
    const length = headLength(this.#policy)
    if (length > 0) type = await this.#checkHead(await body.peek(length), length)
    if (this.#refusal === undefined) {
      const file = { ...this.#file, contentType: type ?? this.#file.contentType }
      this.#scans = this.#policy.scans.map((scanner) => new Scan(scanner, file, this.#signal))
    }
    const counts = this.#policy.quotas.length > 0 && this.#file.size === undefined
    if (this.#scans.length > 0 || this.#dimensions !== undefined || counts) await body.watch(this)
    return type
  }

  async #checkHead(head: Uint8Array, length: number): Promise<string | undefined> {
    const isWhole = head.length < length || head.length === this.#file.size
    try {
      const { type, dimensions } = await checkHead(this.#policy, this.#file, this.#type, head, isWhole)
      if (dimensions !== undefined) this.#dimensions = { reader: dimensions, type }
      return type
    } catch (error) {
      this.#refuse(error)
      return this.#type
    }
  }

  /** Takes the next bytes of the body, before they are stored. */
  async write(chunk: Uint8Array): Promise<void> {
    const start = this.#taken
    this.#taken += chunk.length
    if (this.#file.size === undefined) await this.#reservation.reach(this.#taken)
    this.#measure(chunk, start)
    for (const scan of this.#scans) await scan.write(chunk)
  }

  /** The reader has had the head already. */
  #measure(chunk: Uint8Array, start: number): void {
    if (this.#dimensions === undefined || this.#measured !== undefined) return
    const { reader } = this.#dimensions
    this.#measured = reader.pushAt(start, chunk)
  }

  /** The body has ended. Throws if the file is refused. */
  async finish(): Promise<void> {
    try {
      if (this.#dimensions !== undefined) {
        checkDimensions(this.#policy, this.#file, this.#dimensions.type, this.#measured)
      }
      for (const scan of this.#scans) await scan.finish()
    } catch (error) {
      this.#refuse(error)
    }
  }

  /** The upload has failed. */
  stop(reason: unknown): void {
    for (const scan of this.#scans) scan.stop(reason)
  }

  /** A file that goes to the quarantine is stored there first. */
  #refuse(error: unknown): void {
    if (this.#policy.quarantine === undefined || !isFinalRefusal(error)) throw error
    this.#refusal = error
  }
}
