/**
 * Files that the page sends to the storage itself, in parts to signed URLs. The server starts the
 * upload, signs the URLs, and completes it. An upload continues with the part that was not sent.
 */
import { fetcher } from '@uppy/core/utils'
import { ApiError, type DirectPart, type DirectUpload, errorOf, type FileInfo } from '../storage/api.ts'
import type { Sending } from './file-queue.ts'
import { requestOf, wordsOfUpload } from './upload-errors.ts'
import { type Body, isCreateOnly, mayPass, pathOf, placeOf, retries, typeOf, type UploadFile } from './upload-file.ts'

/** Milliseconds before its end at which a URL is replaced. */
const margin = 60_000

/** An upload that has begun. */
interface Begun {
  readonly upload: DirectUpload
  /** The parts that are stored. */
  sent: number
}

export class DirectFiles {
  /** By the ids of the files. */
  readonly #begun = new Map<string, Begun>()
  readonly #sentTo: (file: UploadFile, host: string) => void

  /** @param sentTo Called with the host that receives the bytes of a file. */
  constructor(sentTo: (file: UploadFile, host: string) => void) {
    this.#sentTo = sentTo
  }

  async send(file: UploadFile, { signal, progress }: Sending): Promise<Body> {
    try {
      const begun = this.#begun.get(file.id) ?? (await this.#begin(file, signal))
      const { upload } = begun
      const { storage, container } = placeOf(file)
      let { parts } = upload
      while (begun.sent < upload.count) {
        const partNumber = begun.sent + 1
        const known = parts.find((part) => part.partNumber === partNumber)
        if (known === undefined || Date.parse(known.expires) - Date.now() < margin) {
          parts = await withRetries(signal, () => storage.signDirect(container, upload.ticket, partNumber, signal))
          continue
        }
        const start = begun.sent * upload.partSize
        const bytes = (file.data as Blob).slice(start, start + upload.partSize)
        await this.#sendPart(file, known, bytes, {
          signal,
          progress: (bytes) => progress(start + bytes),
        })
        begun.sent++
      }
      const info: FileInfo = await withRetries(signal, () => storage.completeDirect(container, upload.ticket, signal))
      this.#begun.delete(file.id)
      return { ...info }
    } catch (error) {
      throw error instanceof ApiError ? new Error(wordsOfUpload(error)) : error
    }
  }

  /** Deletes what the storage has of a file that was not completed. */
  async discard(file: UploadFile): Promise<void> {
    const begun = this.#begun.get(file.id)
    this.#begun.delete(file.id)
    const { storage, container } = placeOf(file)
    if (begun !== undefined) await storage.deleteDirect(container, begun.upload.ticket)
  }

  async #begin(file: UploadFile, signal: AbortSignal): Promise<Begun> {
    const { storage, container } = placeOf(file)
    const type = typeOf(file)
    const upload = await withRetries(signal, () =>
      storage.startDirect(
        container,
        {
          file: pathOf(file),
          size: file.size ?? 0,
          ...(type === '' ? {} : { contentType: type }),
          ...(isCreateOnly(file) ? { conditions: { ifNoneMatch: '*' } } : {}),
        },
        signal,
      ),
    )
    const begun = { upload, sent: 0 }
    this.#begun.set(file.id, begun)
    return begun
  }

  async #sendPart(file: UploadFile, part: DirectPart, body: Blob, { signal, progress }: Sending): Promise<void> {
    const { url, method, headers } = part
    this.#sentTo(file, new URL(url).host)
    await fetcher(url, {
      method,
      headers: { ...headers },
      body,
      signal,
      retries,
      shouldRetry: ({ status }) => mayPass(status),
      timeout: 0,
      onUploadProgress: ({ loaded }) => progress(loaded),
    }).catch((error: unknown) => {
      const { status, responseText } = requestOf(error)
      if (part.url.startsWith(location.origin) || status === 0) throw errorOf(status, responseText)
      throw new Error(`The storage refused part ${part.partNumber} with status ${status}`)
    })
  }
}

/** Calls until the server can be reached, with the delays of other uploads. */
async function withRetries<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      signal.throwIfAborted()
      if (attempt === retries || !(error instanceof ApiError) || !mayPass(error.statusCode)) throw error
      await new Promise((resolve) => setTimeout(resolve, 150 * 2 ** attempt))
    }
  }
}
