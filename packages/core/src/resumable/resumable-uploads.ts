/**
 * Resumable uploads over multipart uploads and hidden files.
 *
 * The file's bytes are in full parts of one size, numbered by their position, and after them in
 * pieces: hidden files, each with bytes that do not fill a part. The offset is where the parts and
 * the pieces that continue them end. Nothing else is remembered, so any process can continue, and a
 * process that is killed at any instant leaves an offset that is at least the last one it reported:
 * - Bytes are stored before they are reported.
 * - The pieces that a part replaces are deleted after the part is stored.
 * - A state is read pieces first, so bytes that move from pieces to a part in between are seen.
 *
 * There is no lock. Two requests that overlap store the same bytes at the same positions.
 */
import { createHash } from 'node:crypto'
import type { ResumingProvider } from '../checks/provider.js'
import { isStorageError, StorageError } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import type { HiddenFile, UploadedPart } from '../contract/provider.js'
import { completeDirectUpload, type DirectCompletion } from '../direct/direct-completion.js'
import { hiddenParts, putHiddenPart } from '../direct/hidden-parts.js'
import { defined } from '../kit/defined.js'
import { isFinalRefusal } from '../policy/refusal.js'
import type { UploadGuard } from '../policy/upload-guard.js'
import type { BodyChecksum } from '../service/options.js'
import type { RetryPolicy } from '../service/retry.js'
import { CheckedBody } from '../upload/body.js'
import { Appending, type AppendOptions, tooLarge } from './appending.js'
import { abortedName, finishedName, partialName } from './hidden-names.js'
import type { ResumableUpload, ResumableUploadState } from './resumable-upload.js'
import { type Snapshot, UploadStore } from './upload-store.js'

/** Milliseconds for the deletion of a refused upload. */
const dropTimeout = 30_000

/** Makes the error for bytes that do not continue the upload. */
const offsetMismatch = (offset: number, given: number) =>
  new StorageError('OFFSET_MISMATCH', `the upload continues at byte ${offset}, not ${given}`, { details: { offset } })

/** A body that this process is appending. */
interface ActiveBody {
  readonly body: CheckedBody
  readonly ended: Promise<unknown>
}

async function end({ body, ended }: ActiveBody): Promise<void> {
  body.destroy(new StorageError('ABORTED', 'a newer request continues the upload'))
  await ended
}

export class ResumableUploads {
  readonly #store: UploadStore
  /** By the upload's key. */
  readonly #active = new Map<string, ActiveBody>()

  constructor(provider: ResumingProvider, retry: RetryPolicy) {
    this.#store = new UploadStore(provider, retry)
  }

  /**
   * Returns how far an upload is. If all bytes are stored, but the process that stored them was
   * killed before it completed the upload, completes it if that is wanted. Fails with
   * `UPLOAD_NOT_FOUND`.
   */
  async state(
    upload: ResumableUpload,
    complete: boolean,
    signal: AbortSignal,
    guard: UploadGuard | undefined,
  ): Promise<ResumableUploadState> {
    const found = await this.#store.look(upload, signal)
    if ('file' in found) return { offset: found.file.size, size: found.file.size, file: found.file }
    const { offset, size } = found
    if (complete && offset === size && (!upload.partial || upload.write !== undefined)) {
      const options = { offset, complete, signal, ...defined({ guard }) }
      return this.#append(upload, found, new CheckedBody('', { checksums: {} }), options).catch(
        async (error: unknown) => {
          if (isFinalRefusal(error)) await this.#drop(upload, guard)
          throw error
        },
      )
    }
    return size === undefined ? { offset } : { offset, size }
  }

  /**
   * Stops the body that this process is appending, if there is one, and waits until what arrived of
   * it is stored. Its caller gets `ABORTED`.
   */
  async takeOver({ key }: ResumableUpload): Promise<void> {
    for (let active = this.#active.get(key); active !== undefined; active = this.#active.get(key)) await end(active)
  }

  /**
   * Stores the bytes that follow. Completes the upload if they are the last ones. If the body
   * fails, everything that arrived is stored before the failure is thrown. Ends an older call for
   * the same upload.
   */
  async append(upload: ResumableUpload, body: CheckedBody, options: AppendOptions): Promise<ResumableUploadState> {
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const active = { body, ended }
    const older = this.#active.get(upload.key)
    this.#active.set(upload.key, active)
    try {
      if (older !== undefined) await end(older)
      const { offset, checksum, signal } = options
      const found = await this.#store.look(upload, signal)
      if ('file' in found) {
        const { file } = found
        if (offset !== file.size) throw offsetMismatch(file.size, offset)
        return { offset, size: file.size, file }
      }
      if (found.offset !== offset) throw offsetMismatch(found.offset, offset)
      const snapshot = await this.#declareSize(upload, found, options)
      const checked = checksum === undefined ? body : await verified(body, checksum)
      return await this.#append(upload, snapshot, checked, options)
    } catch (error) {
      if (isFinalRefusal(error)) await this.#drop(upload, options.guard)
      throw error
    } finally {
      if (this.#active.get(upload.key) === active) this.#active.delete(upload.key)
      resolve()
    }
  }

  async #append(
    upload: ResumableUpload,
    found: Snapshot,
    body: CheckedBody,
    options: AppendOptions,
  ): Promise<ResumableUploadState> {
    const { signal } = options
    try {
      const state = await new Appending(this.#store, upload, found, options).run(body)
      // The write of a hidden upload has its own reservation, which has ended with it.
      if (state.file !== undefined && upload.write === undefined) await options.guard?.settle(state.file)
      return state
    } catch (error) {
      if (!isStorageError(error, 'UPLOAD_NOT_FOUND')) throw error
      // Another request may have completed it in the meantime.
      const after = await this.#store.look(upload, signal)
      if (!('file' in after)) throw error
      return { offset: after.file.size, size: after.file.size, file: after.file }
    }
  }

  /** Completes an upload whose parts clients sent. */
  async completeDirect(upload: ResumableUpload, completion: DirectCompletion): Promise<WrittenFile> {
    const { guard } = completion
    try {
      return await completeDirectUpload(this.#store, upload, completion)
    } catch (error) {
      if (isFinalRefusal(error)) await this.#drop(upload, guard)
      throw error
    }
  }

  /** Stores a part of a direct upload whose bytes are hidden. */
  putPart(upload: ResumableUpload, partNumber: number, bytes: Uint8Array, signal: AbortSignal): Promise<UploadedPart> {
    return putHiddenPart(this.#store, upload, partNumber, bytes, signal)
  }

  /** Returns the parts of a direct upload whose bytes are hidden. */
  parts(upload: ResumableUpload, signal: AbortSignal): Promise<UploadedPart[]> {
    return hiddenParts(this.#store, upload, signal)
  }

  /** Deletes an upload that a policy refuses. If it fails, a purge deletes it later. */
  async #drop(upload: ResumableUpload, guard: UploadGuard | undefined): Promise<void> {
    await this.#store.abort(upload, AbortSignal.timeout(dropTimeout)).catch(() => undefined)
    await guard?.release()
  }

  /** Starts a partial upload. */
  async startPartial({ container, key }: ResumableUpload, signal: AbortSignal): Promise<void> {
    await this.#store.putHidden(container, partialName(key), new Uint8Array(), signal)
  }

  /** Yields the bytes of complete partial uploads, one after the other. */
  async *join(uploads: readonly ResumableUpload[], signal: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
    for (const upload of uploads) yield* this.#store.content(upload, signal)
  }

  /** Deletes an upload. A completed file stays. */
  async abort(upload: ResumableUpload, signal: AbortSignal): Promise<void> {
    await this.takeOver(upload)
    await this.#store.abort(upload, signal)
  }

  /**
   * Deletes the hidden files of uploads that no request has continued since a time, and what
   * clients sent for completed ones.
   */
  async purge(container: string, before: Date | undefined, signal: AbortSignal): Promise<void> {
    const groups = new Map<string, HiddenFile[]>()
    for (const file of await this.#store.hiddenFiles(container, '', signal)) {
      const key = file.name.slice(0, file.name.indexOf('/'))
      groups.set(key, [...(groups.get(key) ?? []), file])
    }
    for (const [key, files] of groups) {
      if (before !== undefined && files.some(({ mtime }) => mtime >= before)) continue
      const names = files.map(({ name }) => name)
      const record = names.find((name) => name === finishedName(key) || name === abortedName(key))
      if (record !== undefined) await this.#store.removeLateParts(container, record, signal)
      await this.#store.removeHidden(container, names, signal)
    }
  }

  /** Stores the size, if this request is the first that declares it. */
  async #declareSize(
    upload: ResumableUpload,
    found: Snapshot,
    { size, complete, signal, guard }: AppendOptions,
  ): Promise<Snapshot> {
    const { offset, size: known } = found
    if (size === undefined) return found
    if (known !== undefined && known !== size) {
      throw new StorageError('INVALID_ARGUMENT', `the size was declared as ${known} bytes, not ${size}`, {
        details: { property: 'size' },
      })
    }
    if (size > upload.maxSize) throw guard?.tooLarge(upload.maxSize) ?? tooLarge(upload.maxSize)
    if (size < offset) {
      throw new StorageError('INVALID_ARGUMENT', `the size of ${size} bytes is less than the ${offset} stored`, {
        details: { property: 'size' },
      })
    }
    if (known === undefined) await guard?.declare(size)
    if (known === undefined && !complete) {
      await this.#store.putSize(upload, size, signal)
    }
    return { ...found, size }
  }
}

/** Reads a whole body, and returns it as one that has the checksum. */
async function verified(body: CheckedBody, checksum: BodyChecksum | (() => BodyChecksum)): Promise<CheckedBody> {
  const bytes = body.checkBytes() ?? (await body.collect())
  const { algorithm, value } = typeof checksum === 'function' ? checksum() : checksum
  const actual = createHash(algorithm).update(bytes).digest('hex')
  if (actual !== value) {
    throw new StorageError('CHECKSUM_MISMATCH', `the body's ${algorithm} is ${actual}, not ${value}`)
  }
  return new CheckedBody(bytes, { checksums: {} })
}
