/**
 * Uploads, by Uppy: raw PUTs, a few at a time, into the place where the visitor was when the files were chosen. Loaded when the rest of
 * the page is there.
 */
import '@uppy/core/css/style.min.css'
import '@uppy/dashboard/css/style.min.css'
import { Uppy, type UppyFile } from '@uppy/core'
import Dashboard from '@uppy/dashboard'
import DropTarget from '@uppy/drop-target'
import XHRUpload from '@uppy/xhr-upload'
import { formatBytes } from '../files/names.ts'
import { errorOf, type FileInfo, type Storage, wordsOf } from '../storage/api.ts'
import { TakenNames } from '../storage/taken.ts'
import { Speed, type UploadStatus } from './speed.ts'

/** Where files go. */
export interface UploadPlace {
  readonly storage: Storage
  readonly container: string
  readonly folder: string
}

/** What to do with files whose names are taken. */
export type ConflictAnswer = 'replace' | 'both' | 'skip'

export interface SessionOptions {
  /** Where the visitor is; nowhere, when no container is chosen. */
  readonly place: () => UploadPlace | undefined
  readonly ask: (names: readonly string[]) => Promise<ConflictAnswer>
  readonly stored: (place: UploadPlace, info: FileInfo) => void
  readonly changed: (status: UploadStatus) => void
  readonly said: (message: string) => void
}

interface Meta extends Record<string, unknown> {
  readonly place: UploadPlace
  /** The whole name in the container. */
  readonly path: string
  readonly replace: boolean
}

type Body = Record<string, unknown>
type Upload = UppyFile<Partial<Meta>, Body>

/** Browsers allow six connections to a server; the rest of the page needs some. */
const parallel = 4

const ignore = () => undefined

/** Answers after which the same request may succeed: a broken connection, a service that is busy. */
const passing: ReadonlySet<number> = new Set([0, 429, 502, 503, 504])

export class UploadSession {
  readonly #uppy: Uppy<Partial<Meta>, Body>
  readonly #options: SessionOptions
  readonly #speed = new Speed()
  #added = 0

  constructor(options: SessionOptions) {
    this.#options = options
    this.#uppy = new Uppy<Partial<Meta>, Body>({
      autoProceed: true,
      // What goes wrong is shown in the page, and is no error of the page.
      logger: { debug: ignore, warn: ignore, error: ignore },
      onBeforeFileAdded: (file) => this.#placed(file),
    })
    this.#uppy.use(XHRUpload, {
      endpoint: (file) => urlOf(Array.isArray(file) ? (file[0] as Upload) : file),
      method: 'PUT',
      formData: false,
      limit: parallel,
      headers: (file) => this.#headers(file),
      // However slow the line is, an upload takes as long as it takes.
      timeout: 0,
      shouldRetry: ({ status }) => passing.has(status),
      onAfterResponse: ({ status, responseText }) => {
        if (status >= 400) throw withWords(errorOf(status, responseText))
      },
    })
    this.#uppy.use(DropTarget, { target: document.body })
    this.#uppy.addPreProcessor((ids) => this.#check(ids))
    this.#uppy.on('upload-success', (file, { body }) => {
      if (file !== undefined) this.#options.stored(placeOf(file), body as unknown as FileInfo)
    })
    const tell = () => this.#options.changed(this.#speed.status(this.#uppy.getFiles()))
    for (const event of [
      'files-added',
      'file-removed',
      'upload',
      'complete',
      'cancel-all',
      'upload-success',
    ] as const) {
      this.#uppy.on(event, tell)
    }
    this.#uppy.on('upload-progress', () => this.#speed.isDue() && tell())
    // Such as a folder that cannot be read; uploads that fail come with details, and are shown beside their files.
    this.#uppy.on('info-visible', () => {
      const { info = [] } = this.#uppy.getState()
      for (const { message, details } of info) if (!details) this.#options.said(String(message))
    })
    window.addEventListener('beforeunload', (event) => {
      if (this.#speed.status(this.#uppy.getFiles()).running > 0) event.preventDefault()
    })
  }

  /** Shows every upload there, with its progress, its errors, and the ways to cancel it and to try again. */
  mount(target: HTMLElement): void {
    // Uppy's short lists have items, and forget to say that they are lists.
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
      // They start by themselves.
      hideUploadButton: true,
      // The panel's head tells the whole.
      hideProgressDetails: true,
      disableInformer: true,
      singleFileFullScreen: false,
      doneButtonHandler: () => this.clear(),
      locale: { strings: { dashboardTitle: 'Uploads' } },
    })
  }

  /** Uploads what was chosen; a folder's files keep their paths below it. */
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

  /** Ends what is under way, and forgets what is over. */
  clear(): void {
    this.#uppy.cancelAll()
  }

  /** A file may be uploaded again, so each gets a name of its own among the uploads. */
  #placed(file: Upload): Upload | false {
    const place = this.#options.place()
    if (place === undefined) return false
    const { relativePath } = file.meta
    const path = place.folder + (typeof relativePath === 'string' ? relativePath.replace(/^\/+/, '') : file.name)
    return { ...file, id: `${file.id}-${this.#added++}`, meta: { ...file.meta, place, path, replace: false } }
  }

  #headers(file: Upload): Record<string, string> {
    const type: Record<string, string> =
      file.data instanceof Blob && file.data.type !== '' ? { 'Content-Type': file.data.type } : {}
    return file.meta.replace || !placeOf(file).storage.createOnly ? type : { ...type, 'If-None-Match': '*' }
  }

  /** Before anything is sent: is it small enough, and is its name free? */
  async #check(ids: readonly string[]): Promise<void> {
    const files = ids.map((id) => this.#uppy.getFile(id)).filter((file) => file?.progress.uploadComplete !== true)
    for (const file of files) {
      const { maxFileSize = Number.POSITIVE_INFINITY } = placeOf(file).storage.source
      if ((file.size ?? 0) <= maxFileSize) continue
      const error = new Error(`Larger than ${formatBytes(maxFileSize)}, which this data source allows.`)
      this.#uppy.emit('upload-error', file, error)
    }
    const asked = files.filter((file) => !file.error && file.meta.replace !== true)
    const taken = await takenOf(asked)
    if (taken.length === 0) return
    const answer = await this.#options.ask(taken.map(pathOf))
    if (answer === 'skip') this.#uppy.removeFiles(taken.map(({ id }) => id))
    for (const file of answer === 'skip' ? [] : taken) {
      if (answer === 'replace') this.#uppy.setFileMeta(file.id, { replace: true })
      else this.#uppy.setFileMeta(file.id, { path: await freePath(file) })
    }
  }
}

const placeOf = (file: Upload): UploadPlace => file.meta.place as UploadPlace

const pathOf = (file: Upload): string => file.meta.path as string

const urlOf = (file: Upload): string => placeOf(file).storage.fileUrl(placeOf(file).container, pathOf(file))

const directoryOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1)

/** Uppy shows an error's message. */
const withWords = (error: Error) =>
  new Error(
    'statusCode' in error && error.statusCode === 412 ? 'There is a file of this name already.' : wordsOf(error),
  )

async function takenOf(files: readonly Upload[]): Promise<readonly Upload[]> {
  const names = new Map<string, TakenNames>()
  const taken: Upload[] = []
  const waiting = [...files]
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { storage, container } = placeOf(file)
      const key = JSON.stringify([storage.source.name, container])
      const inContainer = names.get(key) ?? new TakenNames(storage, container)
      names.set(key, inContainer)
      // What can't be told now is told by the upload itself.
      if (await inContainer.has(pathOf(file)).catch(() => false)) taken.push(file)
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  return taken
}

/** `photo.jpg` becomes `photo (2).jpg`, or the next number that is free. */
async function freePath(file: Upload): Promise<string> {
  const { storage, container } = placeOf(file)
  const path = pathOf(file)
  const dot = path.lastIndexOf('.')
  const end = dot > directoryOf(path).length ? dot : path.length
  for (let number = 2; ; number++) {
    const candidate = `${path.slice(0, end)} (${number})${path.slice(end)}`
    if (!(await storage.hasFile(container, candidate))) return candidate
  }
}
