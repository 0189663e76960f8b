/**
 * Uploads, by Uppy, a few at a time: to this server, small files by one PUT each and large ones by
 * tus, or to the storage itself. A file goes to the folder that was open when it was chosen. This
 * module is loaded after the rest of the page.
 */
import '@uppy/core/css/style.min.css'
import '@uppy/dashboard/css/style.min.css'
import { Uppy } from '@uppy/core'
import Dashboard from '@uppy/dashboard'
import DropTarget from '@uppy/drop-target'
import Tus from '@uppy/tus'
import { formatBytes, formatDate } from '../files/names.ts'
import { type FileInfo, type Storage, wordsOf } from '../storage/api.ts'
import { TakenNames } from '../storage/taken.ts'
import { DirectFiles } from './direct-files.ts'
import { FileQueue } from './file-queue.ts'
import { continuing, discard, findInterrupted, type Interrupted, interruptedBy, OtherTabs } from './interrupted.ts'
import { putFile } from './put-files.ts'
import { Speed, type UploadStatus } from './speed.ts'
import { statusOf, wordsOfTus } from './upload-errors.ts'
import {
  type Body,
  isCreateOnly,
  type Meta,
  mayPass,
  modifiedOf,
  pathOf,
  placeOf,
  typeOf,
  type UploadFile,
  type UploadPlace,
  wayOf,
} from './upload-file.ts'

/** What to do with files whose names are taken. */
export type ConflictAnswer = 'replace' | 'both' | 'skip'

export interface SessionOptions {
  /** The folder that is open; `undefined` if no container is chosen. */
  readonly place: () => UploadPlace | undefined
  readonly storageOf: (source: string) => Storage | undefined
  readonly ask: (names: readonly string[]) => Promise<ConflictAnswer>
  readonly stored: (place: UploadPlace, info: FileInfo) => void
  readonly changed: (status: UploadStatus) => void
  readonly interrupted: (uploads: readonly Interrupted[]) => void
  readonly said: (message: string) => void
}

/** Browsers allow six connections to a server; the rest of the page needs some. */
const parallel = { puts: 3, tus: 2, direct: 3 }

/** Milliseconds: for 5 minutes, in which a server restarts or a line comes back. */
const retryDelays = [0, 500, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000, 60_000, 60_000, 60_000]

const ignore = () => undefined

/**
 * Uppy runs its uploaders one after the other, each with all files. Here, each file is sent in its
 * own way, and all at the same time: large ones to this server by the uploader that is added.
 */
class ManyWaysUppy extends Uppy<Meta, Body> {
  readonly direct = new DirectFiles((file, sentTo) => this.setFileMeta(file.id, { sentTo }))
  readonly #puts = new FileQueue(this, parallel.puts, putFile)
  readonly #directs = new FileQueue(this, parallel.direct, (file, sending) => this.direct.send(file, sending))

  override addUploader(upload: (ids: string[], uploadId: string) => Promise<unknown>): void {
    super.addUploader(async (ids, uploadId) => {
      const files = ids.map((id) => this.getFile(id)).filter((file) => file !== undefined)
      const { direct = [], put = [], tus = [] } = Object.groupBy(files, wayOf)
      const large = tus.map(({ id }) => id)
      await Promise.all([this.#directs.upload(direct), this.#puts.upload(put), upload(large, uploadId)])
    })
  }
}

export class UploadSession {
  readonly #uppy: ManyWaysUppy
  readonly #options: SessionOptions
  readonly #speed = new Speed()
  readonly #tabs = new OtherTabs(() => this.#urls())
  #added = 0
  /** Whether a request failed and is retried. */
  #isRetrying = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#uppy = new ManyWaysUppy({
      autoProceed: true,
      // Failures are shown in the page, and are not errors of the page.
      logger: { debug: ignore, warn: ignore, error: ignore },
      onBeforeFileAdded: (file) => this.#placed(file),
    })
    this.#useTus()
    this.#uppy.use(DropTarget, { target: document.body })
    this.#uppy.addPreProcessor((ids) => this.#check(ids))
    this.#uppy.on('upload-success', (file, { body }) => {
      if (file !== undefined) void this.#stored(file, body)
    })
    this.#uppy.on('file-removed', (file) => void this.#removed(file))
    for (const event of [
      'files-added',
      'file-removed',
      'upload',
      'upload-pause',
      'pause-all',
      'resume-all',
      'complete',
      'cancel-all',
      'upload-success',
    ] as const) {
      this.#uppy.on(event, () => this.#tell())
    }
    this.#uppy.on('upload-progress', () => {
      this.#isRetrying = false
      if (this.#speed.isDue()) this.#tell()
    })
    // Such as a folder that cannot be read. Failed uploads have details, and are shown with their
    // files.
    this.#uppy.on('info-visible', () => {
      const { info = [] } = this.#uppy.getState()
      for (const { message, details } of info) if (!details) this.#options.said(String(message))
    })
    window.addEventListener('beforeunload', (event) => {
      if (this.#speed.status(this.#uppy.getFiles()).running > 0) event.preventDefault()
    })
    void this.findInterrupted()
  }

  /**
   * Shows every upload there, with its progress, its errors, and the ways to pause and cancel it.
   */
  mount(target: HTMLElement): void {
    // Uppy's lists lack the role in their markup.
    const name = () => target.querySelector('.uppy-Dashboard-files')?.setAttribute('role', 'list')
    new MutationObserver(name).observe(target, { childList: true, subtree: true })
    this.#uppy.use(Dashboard, {
      inline: true,
      target,
      width: '100%',
      height: '100%',
      theme: 'auto',
      proudlyDisplayPoweredByUppy: false,
      fileManagerSelectionType: 'both',
      // Uploads start by themselves.
      hideUploadButton: true,
      // The panel's head shows the total.
      hideProgressDetails: true,
      disableInformer: true,
      singleFileFullScreen: false,
      doneButtonHandler: () => this.clear(),
      locale: { strings: { dashboardTitle: 'Uploads' } },
    })
  }

  /** Uploads what was chosen. The files of a folder keep their paths below it. */
  add(files: readonly File[]): void {
    this.#uppy.addFiles(
      files.map((file) => ({
        source: 'page',
        name: file.name,
        type: file.type,
        data: file,
        meta: { relativePath: file.webkitRelativePath || null },
      })),
    )
  }

  /** Continues an interrupted upload with its file, or says why the file cannot be its file. */
  resume(upload: Interrupted, file: File): void {
    const { source, container, path, size, modified } = upload
    const storage = this.#options.storageOf(source)
    if (storage === undefined) {
      this.#options.said(`The data source “${source}” no longer exists`)
      return
    }
    if (file.size !== size || file.lastModified !== modified) {
      const expected = `${formatBytes(size)}, last changed ${formatDate(new Date(modified).toISOString())}`
      this.#options.said(`“${file.name}” is another file, or has changed: expected ${expected}`)
      return
    }
    const folder = path.slice(0, path.lastIndexOf('/') + 1)
    const place = { storage, container, folder, direct: false }
    this.#uppy.addFile({ source: 'page', name: file.name, type: file.type, data: file, meta: { place, path } })
  }

  /** Deletes the bytes of an interrupted upload. */
  async discard({ url }: Interrupted): Promise<void> {
    await discard(url).catch((error: unknown) => this.#options.said(wordsOf(error)))
    await this.findInterrupted()
  }

  /** Ends pending uploads, and removes completed ones from the panel. */
  clear(): void {
    this.#uppy.cancelAll()
  }

  /** Looks for uploads that nothing is sending. */
  async findInterrupted(): Promise<void> {
    const others = await this.#tabs.active()
    this.#options.interrupted(await findInterrupted(new Set([...others, ...this.#urls()])))
  }

  #useTus(): void {
    this.#uppy.use(Tus, {
      limit: parallel.tus,
      retryDelays,
      allowedMetaFields: ['filename', 'filetype', 'modified'],
      removeFingerprintOnSuccess: true,
      onBeforeRequest: (request, file) => {
        const method = request.getMethod()
        if (method === 'POST' && isCreateOnly(file)) request.setHeader('If-None-Match', '*')
        // The next progress is that of the earlier requests too, and says nothing about the speed.
        if (method === 'HEAD') this.#speed.restart()
      },
      onAfterResponse: (request, response) => {
        // tus-js-client would start such an upload from its first byte.
        if (request.getMethod() !== 'HEAD' || response.getStatus() < 500) return
        throw new Error('the server could not read the offset of the upload')
      },
      onShouldRetry: (error, _attempt, _options, next) => {
        const retries = mayPass(statusOf(error)) && next(error)
        this.#isRetrying ||= retries
        this.#tell()
        return retries
      },
      onError: (error) => {
        error.message = wordsOfTus(error)
      },
    })
  }

  #tell(): void {
    const status = this.#speed.status(this.#uppy.getFiles())
    this.#options.changed({ ...status, retrying: this.#isRetrying && status.running > 0 })
  }

  /** The URLs of the uploads that this page is sending. */
  #urls(): readonly string[] {
    return this.#uppy.getFiles().flatMap(({ tus }) => tus?.uploadUrl ?? [])
  }

  /**
   * A file may be uploaded again, so each has another id. The time distinguishes those of an
   * earlier page.
   */
  #placed(file: UploadFile): UploadFile | false {
    const place = file.meta.place ?? this.#options.place()
    if (place === undefined) return false
    const { relativePath } = file.meta
    const below = typeof relativePath === 'string' ? relativePath.replace(/^\/+/, '') : file.name
    const path = file.meta.path ?? place.folder + below
    const endpoint = place.storage.uploadsUrl(place.container)
    const id = `${file.id}-${Math.round(performance.timeOrigin)}-${this.#added++}`
    return { ...file, id, tus: { endpoint }, meta: { ...file.meta, place, path, replace: false } }
  }

  /** Before anything is sent: checks the size and the name of each file. */
  async #check(ids: readonly string[]): Promise<void> {
    const files = ids.map((id) => this.#uppy.getFile(id)).filter((file) => file?.progress.uploadComplete !== true)
    for (const file of files) {
      const { maxFileSize = Number.POSITIVE_INFINITY } = placeOf(file).storage.source
      if ((file.size ?? 0) <= maxFileSize) continue
      const error = new Error(`Larger than ${formatBytes(maxFileSize)}, which this data source allows.`)
      this.#uppy.emit('upload-error', file, error)
    }
    const started = files.filter(({ error }) => !error)
    const fresh: UploadFile[] = []
    for (const file of started) if (!(await this.#continue(file))) fresh.push(file)
    const taken = await takenOf(fresh.filter(({ meta }) => meta.replace !== true))
    if (taken.length > 0) {
      const answer = await this.#options.ask(taken.map(pathOf))
      if (answer === 'skip') this.#uppy.removeFiles(taken.map(({ id }) => id))
      for (const file of answer === 'skip' ? [] : taken) {
        if (answer === 'replace') this.#uppy.setFileMeta(file.id, { replace: true })
        else {
          this.#uppy.setFileMeta(file.id, { path: await freePath(file) })
          await this.#continue(this.#uppy.getFile(file.id))
        }
      }
    }
    for (const { id } of started) {
      const file = this.#uppy.getFile(id)
      if (file === undefined) continue
      this.#uppy.setFileMeta(id, { filename: pathOf(file), filetype: typeOf(file), modified: modifiedOf(file) })
    }
  }

  /**
   * Continues the interrupted upload of a file, if there is one. Its name was chosen when it
   * began.
   */
  async #continue(file: UploadFile): Promise<boolean> {
    if (wayOf(file) !== 'tus') return false
    const { storage, container } = placeOf(file)
    const found = await interruptedBy({
      source: storage.source.name,
      container,
      path: pathOf(file),
      size: file.size ?? 0,
      modified: modifiedOf(file),
    })
    if (found === undefined || this.#urls().includes(found.url)) return false
    if ((await this.#tabs.active()).has(found.url)) return false
    this.#uppy.setFileState(file.id, { tus: { ...file.tus, uploadUrl: found.url, urlStorage: continuing(found) } })
    void this.findInterrupted()
    return true
  }

  async #stored(file: UploadFile, body: Body | undefined): Promise<void> {
    const place = placeOf(file)
    if (wayOf(file) !== 'tus') {
      this.#options.stored(place, body as unknown as FileInfo)
      return
    }
    await place.storage.file(place.container, pathOf(file)).then(
      (info) => this.#options.stored(place, info),
      () => this.#options.said(`Stored “${file.name}”: reload the list to see it`),
    )
  }

  /**
   * Deletes what the server has of a removed file. Uppy does so only for an upload by tus that has
   * not failed.
   */
  async #removed(file: UploadFile): Promise<void> {
    await this.#uppy.direct.discard(file).catch((error: unknown) => this.#options.said(wordsOf(error)))
    const url = file.tus?.uploadUrl
    if (typeof url !== 'string' || !file.error) return
    await discard(url).catch((error: unknown) => this.#options.said(wordsOf(error)))
  }
}

const directoryOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1)

/** Returns the files whose names are taken. */
async function takenOf(files: readonly UploadFile[]): Promise<readonly UploadFile[]> {
  const names = new Map<string, TakenNames>()
  const taken: UploadFile[] = []
  const waiting = [...files]
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { storage, container } = placeOf(file)
      const key = JSON.stringify([storage.source.name, container])
      const inContainer = names.get(key) ?? new TakenNames(storage, container)
      names.set(key, inContainer)
      // If it is unknown now, the upload itself finds out.
      if (await inContainer.has(pathOf(file)).catch(() => false)) taken.push(file)
    }
  }
  await Promise.all(Array.from({ length: parallel.puts }, work))
  return taken
}

/** `photo.jpg` becomes `photo (2).jpg`, or the next number that is free. */
async function freePath(file: UploadFile): Promise<string> {
  const { storage, container } = placeOf(file)
  const path = pathOf(file)
  const dot = path.lastIndexOf('.')
  const end = dot > directoryOf(path).length ? dot : path.length
  for (let number = 2; ; number++) {
    const candidate = `${path.slice(0, end)} (${number})${path.slice(end)}`
    if (!(await storage.hasFile(container, candidate))) return candidate
  }
}
