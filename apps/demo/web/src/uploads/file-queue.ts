/**
 * Sends files, a few at a time, and lets Uppy pause, resume and remove them.
 */
import { EventManager, type Uppy } from '@uppy/core'
import { filterFilesToUpload, RateLimitedQueue } from '@uppy/core/utils'
import type { Body, Meta, UploadFile } from './upload-file.ts'

export interface Sending {
  /** Aborted when the upload is paused or removed. */
  readonly signal: AbortSignal
  /** Reports the bytes of the file that were sent. */
  readonly progress: (bytes: number) => void
}

/** Sends a file, and resolves with the information about the stored file. */
export type SendFile = (file: UploadFile, sending: Sending) => Promise<Body>

export class FileQueue {
  readonly #uppy: Uppy<Meta, Body>
  readonly #queue: RateLimitedQueue
  readonly #send: SendFile

  /** @param parallel Files at a time. */
  constructor(uppy: Uppy<Meta, Body>, parallel: number, send: SendFile) {
    this.#uppy = uppy
    this.#queue = new RateLimitedQueue(parallel)
    this.#send = send
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
          const { signal } = controller
          this.#send(file, { signal, progress: (bytes) => this.#report(file, bytes) }).then(
            (body) => {
              turn.done()
              this.#uppy.emit('upload-success', this.#uppy.getFile(file.id), { status: 200, body })
              end()
            },
            (error: Error) => {
              if (signal.aborted) return
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

  #report(file: UploadFile, bytesUploaded: number): void {
    const current = this.#uppy.getFile(file.id)
    // A removed file may still report.
    if (current === undefined) return
    const { uploadStarted } = current.progress
    const progress = { uploadStarted: uploadStarted ?? 0, bytesUploaded, bytesTotal: file.size }
    this.#uppy.emit('upload-progress', current, progress)
  }
}
