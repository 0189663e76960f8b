/** What a resumable upload consists of in the storage: parts and hidden files. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ResumingProvider } from '../checks/provider.js'
import { isStorageError, StorageError, uploadNotFound } from '../contract/errors.js'
import type { WrittenFile } from '../contract/files.js'
import type { HiddenFile, UploadedPart } from '../contract/provider.js'
import { defined } from '../kit/defined.js'
import type { RetryPolicy } from '../service/retry.js'
import { completeUpload } from '../upload/completion.js'
import { checkUploadedPart, checkWritten } from '../upload/stored-size.js'
import {
  abortedName,
  chainFrom,
  finishedName,
  finishingName,
  groupOf,
  type HiddenState,
  type Piece,
  parseHiddenFiles,
  pieceName,
  sizeName,
} from './hidden-names.js'
import type { ResumableUpload } from './resumable-upload.js'

/** How often completion looks again at parts that another request has replaced. */
const maxCompletions = 5
/** Milliseconds, times the number of the attempt: another request sends a part again. */
const replacementDelay = 100

/** The state of an unfinished upload. */
export interface Snapshot {
  /** Full parts, from the first one without a gap. */
  readonly parts: readonly UploadedPart[]
  /** The pieces that continue the parts. */
  readonly pieces: readonly Piece[]
  readonly offset: number
  /** Bytes of the whole file, if known. */
  readonly size?: number
}

/** An upload that was completed. */
export interface Finished {
  readonly file: WrittenFile
}

/** The content of an `aborted` file, and a part of that of a `finished` file. */
interface LateParts {
  /** The name of the file. */
  readonly name: string
  /** The id of an upload to which clients may send parts after its end. */
  readonly direct?: string
}

export class UploadStore {
  readonly #provider: ResumingProvider
  readonly #retry: RetryPolicy

  constructor(provider: ResumingProvider, retry: RetryPolicy) {
    this.#provider = provider
    this.#retry = retry
  }

  /** Returns what is stored, or the file if the upload is complete. */
  async look(upload: ResumableUpload, signal: AbortSignal): Promise<Snapshot | Finished> {
    const hidden = await this.#hiddenState(upload, signal)
    if (upload.write !== undefined && hidden.finished) return { file: await this.#readFinished(upload, signal) }
    if (upload.partial) return partialSnapshot(upload, hidden)
    const found = await this.parts(upload, signal)
    if ('file' in found) return found
    const parts = fullParts(found, upload.partSize)
    const partsEnd = parts.length * upload.partSize
    const { pieces, end } = chainFrom(hidden.pieces, partsEnd)
    const offset = Math.min(end, partsEnd + upload.partSize)
    const size = upload.size ?? hidden.size
    return { parts, pieces, offset, ...defined({ size }) }
  }

  /** Returns the file of an upload whose bytes were hidden, if it is complete. */
  async finishedFile(upload: ResumableUpload, signal: AbortSignal): Promise<WrittenFile | undefined> {
    const { finished } = await this.#hiddenState(upload, signal)
    return finished ? this.#readFinished(upload, signal) : undefined
  }

  /** Returns the parts that are stored, or the file if the upload is complete. */
  async parts(upload: ResumableUpload, signal: AbortSignal): Promise<readonly UploadedPart[] | Finished> {
    try {
      return await this.#listParts(upload, signal)
    } catch (error) {
      if (!isStorageError(error, 'UPLOAD_NOT_FOUND')) throw error
      // It may have been completed between the two lists. A list that is taken while "finished"
      // replaces "finishing" may have neither.
      for (let attempt = 1; attempt <= 2; attempt++) {
        const { finished, finishing } = await this.#hiddenState(upload, signal)
        if (finished) return { file: await this.#readFinished(upload, signal) }
        if (finishing !== undefined) return { file: await this.#completedFile(upload, finishing, error, signal) }
      }
      throw error
    }
  }

  async #hiddenState({ container, key }: ResumableUpload, signal: AbortSignal): Promise<HiddenState> {
    return parseHiddenFiles(await this.hiddenFiles(container, groupOf(key), signal))
  }

  async #listParts(upload: ResumableUpload, signal: AbortSignal): Promise<UploadedPart[]> {
    const parts: UploadedPart[] = []
    const limit = this.#provider.capabilities.maxPageSize
    let next: string | undefined
    do {
      const call = { limit, signal, ...defined({ next }) }
      const page = await this.#retry.run(signal, true, () => this.#provider.listParts(upload, call))
      parts.push(...page.entries)
      next = page.next
    } while (next !== undefined)
    return parts
  }

  async #readFinished({ container, key }: ResumableUpload, signal: AbortSignal): Promise<WrittenFile> {
    const bytes = await this.#retry.run(signal, true, () =>
      this.#provider.readHiddenFile(container, finishedName(key), { signal }),
    )
    const { direct: _, ...file } = JSON.parse(Buffer.from(bytes).toString()) as WrittenFile & LateParts
    return reviveFile(file)
  }

  /**
   * Deletes what clients sent after the end of an upload, to URLs that were still valid. No list of
   * uploads has it.
   *
   * @param record The upload's `finished` or `aborted` file.
   */
  async removeLateParts(container: string, record: string, signal: AbortSignal): Promise<void> {
    if (!this.#provider.capabilities.directUploads?.acceptsLateParts) return
    const read = () => this.#provider.readHiddenFile(container, record, { signal })
    // Another process may have purged the record, after it had deleted the parts.
    const bytes = await this.#retry.run(signal, true, read).catch((error: unknown) => {
      if (!isStorageError(error, 'FILE_NOT_FOUND')) throw error
    })
    if (bytes === undefined) return
    const { name: file, direct: id } = JSON.parse(Buffer.from(bytes).toString()) as LateParts
    if (id === undefined) return
    await this.#retry.run(signal, true, () => this.#provider.abortUpload({ container, file, id }, { signal }))
  }

  /**
   * Returns the file of an upload that was completed while its process was killed, or by another
   * request.
   */
  async #completedFile(
    { container, file }: ResumableUpload,
    size: number,
    error: StorageError,
    signal: AbortSignal,
  ): Promise<WrittenFile> {
    const info = await this.#retry
      .run(signal, true, () => this.#provider.getFile(container, file, { signal, conditions: {} }))
      .catch((failure: unknown) => {
        throw isStorageError(failure, 'FILE_NOT_FOUND') ? error : failure
      })
    if (info.size !== size) throw error
    return info
  }

  /** Deletes an upload. A completed file stays. */
  async abort(upload: ResumableUpload, signal: AbortSignal): Promise<void> {
    const { container, key, file, id } = upload
    const hidden = await this.hiddenFiles(container, groupOf(key), signal)
    const names = hidden.map(({ name }) => name).filter((name) => name !== abortedName(key))
    if (upload.lateParts) {
      const record: LateParts = { name: file, direct: id }
      await this.putHidden(container, abortedName(key), Buffer.from(JSON.stringify(record)), signal)
    }
    // First, so that what remains of an interrupted abort does not look complete.
    const ends = names.filter((name) => !name.includes('/piece-'))
    await this.removeHidden(container, ends, signal)
    if (!upload.partial) await this.#retry.run(signal, true, () => this.#provider.abortUpload(upload, { signal }))
    await this.removeHidden(
      container,
      names.filter((name) => !ends.includes(name)),
      signal,
    )
  }

  async hiddenFiles(container: string, prefix: string, signal: AbortSignal): Promise<HiddenFile[]> {
    const files: HiddenFile[] = []
    const limit = this.#provider.capabilities.maxPageSize
    let next: string | undefined
    do {
      const call = { prefix, limit, signal, ...defined({ next }) }
      const page = await this.#retry.run(signal, true, () => this.#provider.listHiddenFiles(container, call))
      files.push(...page.entries)
      next = page.next
    } while (next !== undefined)
    return files
  }

  async putHidden(container: string, name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#retry.runTransfer(signal, true, () => this.#provider.putHiddenFile(container, name, bytes, { signal }))
  }

  async removeHidden(container: string, names: readonly string[], signal: AbortSignal): Promise<void> {
    if (names.length === 0) return
    await this.#retry.run(signal, true, () => this.#provider.removeHiddenFiles(container, names, { signal }))
  }

  /** Copies the bytes of pieces that begin at a position into a buffer. */
  async readPieces(
    { container }: ResumableUpload,
    pieces: readonly Piece[],
    position: number,
    target: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    for (const { name, start, end } of pieces) {
      const bytes = await this.#retry.runTransfer(signal, true, () =>
        this.#provider.readHiddenFile(container, name, { signal }),
      )
      if (bytes.length !== end - start) {
        throw new StorageError('BAD_RESPONSE', `a piece of the upload has ${bytes.length} bytes, not ${end - start}`)
      }
      const from = Math.max(0, position - start)
      const at = Math.max(0, start - position)
      target.set(bytes.subarray(from, from + target.length - at), at)
    }
  }

  /** Stores bytes as a piece. Returns how many attempts that took. */
  async putPiece(
    { container, key }: ResumableUpload,
    start: number,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<{ readonly part?: undefined; readonly attempts: number }> {
    let attempts = 0
    await this.#retry.runTransfer(signal, true, () => {
      attempts++
      const name = pieceName(key, start, start + bytes.length)
      return this.#provider.putHiddenFile(container, name, bytes, { signal })
    })
    return { attempts }
  }

  /** Records the size of the whole file, which was not known at the start. */
  async putSize({ container, key }: ResumableUpload, size: number, signal: AbortSignal): Promise<void> {
    await this.putHidden(container, sizeName(key, size), new Uint8Array(), signal)
  }

  /**
   * Yields the bytes of a complete partial upload. Fails with `UPLOAD_NOT_FOUND` and
   * `INVALID_ARGUMENT`.
   */
  async *content(upload: ResumableUpload, signal: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
    const found = await this.look(upload, signal)
    if ('file' in found || found.size !== found.offset) throw notComplete()
    let position = 0
    for (const piece of found.pieces) {
      const bytes = Buffer.allocUnsafeSlow(piece.end - position)
      await this.readPieces(upload, [piece], position, bytes, signal)
      yield bytes
      position = piece.end
    }
  }

  /** Stores a part. Returns it, and how many attempts that took. */
  async uploadPart(
    upload: ResumableUpload,
    partNumber: number,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<{ readonly part: UploadedPart; readonly attempts: number }> {
    let attempts = 0
    const part = await this.#retry.runTransfer(signal, true, () => {
      attempts++
      return this.#provider.uploadPart(upload, bytes, { signal, partNumber, size: bytes.length })
    })
    return { part: checkUploadedPart(part, bytes.length), attempts }
  }

  /**
   * Makes the file visible. If another request has replaced a part in the meantime, with the same
   * bytes, its new tag is looked up.
   */
  async finish(
    upload: ResumableUpload,
    parts: readonly UploadedPart[],
    size: number,
    signal: AbortSignal,
  ): Promise<WrittenFile> {
    const { container, key, conditions } = upload
    await this.putHidden(container, finishingName(key, size), new Uint8Array(), signal)
    let completed = parts
    for (let attempt = 1; ; attempt++) {
      try {
        const written = await completeUpload(this.#provider, this.#retry, upload, {
          signal,
          parts: completed,
          conditions,
        })
        const file = await checkWritten(this.#provider, this.#retry, written, size)
        const record = upload.lateParts ? { ...file, direct: upload.id } : file
        await this.#markFinished(upload, record, signal).catch(() => undefined)
        return file
      } catch (error) {
        if (isStorageError(error, 'UPLOAD_NOT_FOUND')) return await this.#completedFile(upload, size, error, signal)
        if (!isStorageError(error, 'INVALID_PART') || attempt === maxCompletions) throw error
        completed = await this.#sameParts(upload, parts, signal)
      }
    }
  }

  /**
   * Stores a file from bytes that are all hidden. If an earlier attempt stored it, but could not
   * record it, a condition now refuses to store it again, and the file is that of the earlier one.
   */
  async finishHidden(
    upload: ResumableUpload,
    size: number,
    put: (size: number) => Promise<WrittenFile>,
    signal: AbortSignal,
  ): Promise<WrittenFile> {
    const { container, key } = upload
    const { finishing } = await this.#hiddenState(upload, signal)
    await this.putHidden(container, finishingName(key, size), new Uint8Array(), signal)
    let file: WrittenFile
    try {
      file = await put(size)
    } catch (error) {
      if (finishing === undefined || !isStorageError(error, 'PRECONDITION_FAILED')) throw error
      file = await this.#completedFile(upload, size, error, signal)
    }
    await this.#markFinished(upload, file, signal).catch(() => undefined)
    return file
  }

  /**
   * Returns the parts as they are now. Another request may be replacing one of them, which is
   * waited for.
   */
  async #sameParts(
    upload: ResumableUpload,
    parts: readonly UploadedPart[],
    signal: AbortSignal,
  ): Promise<UploadedPart[]> {
    for (let attempt = 1; ; attempt++) {
      const found = (await this.#listParts(upload, signal)).slice(0, parts.length)
      const isSame = ({ partNumber, size }: UploadedPart, index: number) =>
        found[index]?.partNumber === partNumber && found[index].size === size
      if (parts.every(isSame)) return found
      if (attempt === maxCompletions) {
        throw new StorageError('INVALID_PART', 'a part of the upload is missing or has another size')
      }
      await delay(attempt * replacementDelay, undefined, { signal })
    }
  }

  /** Records the file for later requests, and deletes the other hidden files of the upload. */
  async #markFinished(
    { container, key }: ResumableUpload,
    file: WrittenFile & LateParts,
    signal: AbortSignal,
  ): Promise<void> {
    await this.putHidden(container, finishedName(key), Buffer.from(JSON.stringify(file)), signal)
    const hidden = await this.hiddenFiles(container, groupOf(key), signal)
    const names = hidden.map(({ name }) => name).filter((name) => name !== finishedName(key))
    await this.removeHidden(container, names, signal)
  }
}

const notComplete = () => new StorageError('INVALID_ARGUMENT', 'a partial upload is not complete')

/** Returns what is stored of a partial upload. Fails with `UPLOAD_NOT_FOUND`. */
function partialSnapshot({ container, file, size = undefined }: ResumableUpload, hidden: HiddenState): Snapshot {
  if (!hidden.partial) throw uploadNotFound(container, file)
  const { pieces, end } = chainFrom(hidden.pieces, 0)
  return { parts: [], pieces, offset: end, ...defined({ size: size ?? hidden.size }) }
}

/** Dates are texts in JSON. */
const reviveFile = (file: WrittenFile): WrittenFile => {
  const dates = Object.entries(file).flatMap(([property, value]) =>
    ['mtime', 'atime', 'ctime', 'created'].includes(property) && typeof value === 'string'
      ? [[property, new Date(value)] as const]
      : [],
  )
  return { ...file, ...Object.fromEntries(dates) }
}

/** Returns the parts that have the full size, from the first one without a gap. */
function fullParts(parts: readonly UploadedPart[], partSize: number): UploadedPart[] {
  const end = parts.findIndex(({ partNumber, size }, index) => partNumber !== index + 1 || size !== partSize)
  return parts.slice(0, end === -1 ? parts.length : end)
}
