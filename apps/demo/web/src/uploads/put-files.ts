/**
 * Small files, each by one PUT. Pausing ends the request, and resuming sends the file again.
 */
import { EventManager, type Uppy } from '@uppy/core'
import { fetcher, filterFilesToUpload, RateLimitedQueue } from '@uppy/core/utils'
import { errorOf } from '../storage/api.ts'
import { wordsOfUpload } from './upload-errors.ts'
import { type Body, isCreateOnly, type Meta, mayPass, pathOf, placeOf, typeOf, type UploadFile } from './upload-file.ts'

/** With the delays that Uppy doubles from 0.15 s, 5 minutes. */
const retries = 11

export class PutFiles {
  readonly #uppy: Uppy<Meta, Body>
  readonly #queue: RateLimitedQueue

  /** @param parallel Requests at a time. */
  constructor(uppy: Uppy<Meta, Body>, parallel: number) {
    this.#uppy = uppy
    this.#queue = new RateLimitedQueue(parallel)
  }

  /** Resolves when every file is stored, has failed or is removed. */
  async upload(files: readonly UploadFile[]): Promise<void> {
    const waiting = filterFilesToUpload([...files])
    this.#uppy.emit('upload-start', waiting)
    await Promise.all(waiting.map((file) => this.#upload(file)))
  }

  #upload(file: UploadFile): Promise<void> {
    return new Promise((resolve) => {
      const events = new EventManager(this.#uppy)
      let turn: Pick<ReturnType<RateLimitedQueue['run']>, 'abort' | 'done'>
      const end = () => {
        events.remove()
        resolve()
      }
      const start = () => {
        turn = this.#queue.run(() => {
          const controller = new AbortController()
          this.#put(file, controller.signal).then(
            ({ status, responseText }) => {
              turn.done()
              const response = { status, body: JSON.parse(responseText) as Body }
              this.#uppy.emit('upload-success', this.#uppy.getFile(file.id), response)
              end()
            },
            (error: Error) => {
              if (controller.signal.aborted) return
              turn.done()
              this.#uppy.emit('upload-error', this.#uppy.getFile(file.id), error)
              end()
            },
          )
          return () => controller.abort()
        })
      }
      const stop = () => turn.abort()
      events.onFileRemove(file.id, () => {
        stop()
        end()
      })
      events.onPause(file.id, (isPaused) => {
        stop()
        if (!isPaused) start()
      })
      events.onPauseAll(file.id, stop)
      events.onResumeAll(file.id, () => {
        stop()
        start()
      })
      start()
    })
  }

  #put(file: UploadFile, signal: AbortSignal): Promise<XMLHttpRequest> {
    const { storage, container } = placeOf(file)
    const type = typeOf(file)
    return fetcher(storage.fileUrl(container, pathOf(file)), {
      method: 'PUT',
      body: file.data as Blob,
      headers: {
        ...(type === '' ? {} : { 'Content-Type': type }),
        ...(isCreateOnly(file) ? { 'If-None-Match': '*' } : {}),
      },
      signal,
      retries,
      shouldRetry: ({ status }) => mayPass(status),
      // A slow connection is not a failure.
      timeout: 0,
      onUploadProgress: ({ loaded, total }) => {
        const current = this.#uppy.getFile(file.id)
        const { uploadStarted } = current.progress
        this.#uppy.emit('upload-progress', current, {
          uploadStarted: uploadStarted ?? 0,
          bytesUploaded: loaded,
          bytesTotal: total,
        })
      },
    }).catch((error: unknown) => {
      const { status, responseText } = requestOf(error)
      throw new Error(wordsOfUpload(errorOf(status, responseText)))
    })
  }
}

/** The request that failed; Uppy attaches it to the error. */
function requestOf(error: unknown): { readonly status: number; readonly responseText: string } {
  const request = error instanceof Error && 'request' in error ? error.request : undefined
  return request instanceof XMLHttpRequest ? request : { status: 0, responseText: '' }
}
