/**
 * Form uploads: `multipart/form-data`, each file streaming into the storage while the form comes in.
 *
 * All or nothing. A file does not appear before its body has ended, and its body is not ended before the whole form has arrived and was
 * found good: so whatever is wrong with the form, with one of its files or with the connection, nothing was stored and nothing was
 * replaced. What can still fail after that is the storage itself, while it puts the files in place. Then those that were
 * new are removed again, each in exactly the version that this request stored; one that took the place of another stays, since removing
 * it would leave neither.
 *
 * Files that are held back cost descriptors or memory, so only the last {@link maxHeld} files of a form are, or fewer when they are large
 * and the storage keeps them in memory; those before them are put in place earlier, under the same rule.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkContainerName, isStorageError, StorageError, type StorageService } from '@stowage/core'
import { arrivedWhole, clientGone } from '../http/connection.js'
import { sendJson } from '../http/json.js'
import { turnOf } from '../http/pipelining.js'
import { checkContentCoding } from '../http/request-body.js'
import { checkNames, checkStorage, essence, type UploadOptions, type UploadRules, uploadRules } from '../options.js'
import type { Exchange } from '../routes/request-context.js'
import { accept } from '../routes/upload-rules.js'
import { boundaryOf } from './form-delimiters.js'
import { type FilePart, FormFile, formName, type UploadedFile } from './form-file.js'
import { FormParser, type FormReceiver } from './form-parser.js'

/** Files of one form that are held back at the same time. */
const maxHeld = 8
/** Bytes of memory that they may take where the storage takes no streams, and keeps up to one part of each in memory. */
const maxHeldBytes = 32 * 1024 * 1024
const maxHeldBytesOfFile = 8 * 1024 * 1024

/** A form's files and fields by their names. Both have no prototype. */
export interface UploadResult {
  readonly files: Readonly<Record<string, readonly UploadedFile[]>>
  readonly fields: Readonly<Record<string, readonly string[]>>
}

interface FormJob {
  readonly storage: StorageService
  readonly container: string
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly rules: UploadRules
  readonly authorize: (file: string) => Promise<void>
  /** Told of what failed beside the upload's own failure. */
  readonly report: (error: unknown) => void
}

/**
 * Stores the files of a form, for applications with routes of their own, as the router's upload route does. The container is
 * `options.container`, else `req.params.container`.
 *
 * Rejects with a `StorageError` or a `RequestError`, and nothing of the form is stored then; `sendError` makes the answer of it.
 */
export async function upload<Req extends IncomingMessage = IncomingMessage>(
  storage: StorageService,
  req: Req,
  res: ServerResponse,
  options: UploadOptions<Req> & { readonly container?: string } = {},
): Promise<UploadResult> {
  checkStorage(storage)
  checkNames('upload', options)
  // Req is the framework's own request, which is the one in hand.
  const rules = uploadRules(options as UploadOptions)
  const container: unknown = options.container ?? (req as { params?: { container?: unknown } }).params?.container
  checkContainerName(container, storage.capabilities.containerNames)
  await turnOf(req, res)
  return receiveForm({
    storage,
    container,
    req,
    res,
    rules,
    authorize: async () => undefined,
    report: (error) => process.emitWarning(error instanceof Error ? error : String(error)),
  })
}

/** `POST /:container/upload` */
export async function receiveUpload(exchange: Exchange): Promise<void> {
  const { storage, container, req, res, rules } = exchange
  await exchange.authorize('upload', container)
  const result = await receiveForm({
    storage,
    container,
    req,
    res,
    rules: rules.upload,
    authorize: (file) => exchange.authorize('upload', container, file),
    report: (error) => exchange.report('upload', error),
  })
  sendJson(res, 200, JSON.stringify({ result }))
}

async function receiveForm(job: FormJob): Promise<UploadResult> {
  const contentType = job.req.headers['content-type'] ?? ''
  if (essence(contentType) !== 'multipart/form-data') {
    throw new StorageError('TYPE_NOT_ALLOWED', 'an upload must be multipart/form-data')
  }
  checkContentCoding(job.req)
  const received = new FormUpload(job, boundaryOf(contentType))
  return received.run()
}

class FormUpload implements FormReceiver {
  readonly #job: FormJob
  readonly #parser: FormParser
  readonly #writes = new AbortController()
  readonly #files: FormFile[] = []
  readonly #names = new Set<string>()
  /** Done when every file that has begun is on its way into the storage. Files are taken up one after the other. */
  #accepted: Promise<void> = Promise.resolve()
  // Bound, for the reason that `RequestBody` tells.
  readonly #onGone = this.#lost.bind(this)

  constructor(job: FormJob, boundary: string) {
    this.#job = job
    const { req, res, rules } = job
    this.#parser = new FormParser({ req, res }, boundary, rules, this)
  }

  async run(): Promise<UploadResult> {
    const { req, res } = this.#job
    if (res.closed && !arrivedWhole(req)) throw clientGone()
    res.once('close', this.#onGone)
    try {
      const fields = await this.#parser.run()
      const files: Record<string, UploadedFile[]> = Object.create(null)
      for (const file of this.#files) {
        files[file.field] ??= []
        files[file.field]?.push(file.described(this.#job.container))
      }
      return { files, fields }
    } catch (error) {
      await this.#undo()
      throw error
    } finally {
      res.off('close', this.#onGone)
    }
  }

  #lost(): void {
    if (!arrivedWhole(this.#job.req)) this.#parser.fail(clientGone())
  }

  settled(): Promise<void> {
    return this.#accepted
  }

  receive(part: FilePart): Promise<void> {
    const file = new FormFile(part)
    this.#files.push(file)
    const accepted = this.#accepted.then(() => this.#accept(file))
    // A failure is the parser's to hear of, by what is returned; those that wait their turn are told by `failed`.
    this.#accepted = accepted.catch(() => undefined)
    return accepted.then(async () => {
      await file.stored()
    })
  }

  /** Begins to store a file, once everybody agrees to it. */
  async #accept(file: FormFile): Promise<void> {
    this.#writes.signal.throwIfAborted()
    const { storage, container, req, res, rules, authorize } = this.#job
    const incoming = file.incoming(container)
    const name = await formName(incoming, rules, { req, res })
    if (this.#names.has(name)) {
      throw new StorageError('NAME_CONFLICT', `two files of the form are named ${JSON.stringify(name)}`)
    }
    this.#names.add(name)
    await authorize(name)
    const named = name === incoming.name ? incoming : { ...incoming, name, originalFilename: incoming.name }
    const { write, acl } = await accept(storage, rules, named, file.statedType, { req, res })
    for (const other of this.#tooMany()) {
      await this.#lookUp(other)
      other.release()
      await other.stored()
    }
    this.#writes.signal.throwIfAborted()
    const { signal } = this.#writes
    file.store(name, acl, (body) => storage.putFile(container, name, body, { ...write, signal }))
  }

  /** The oldest of the files that are held back, as many as have to make room for the next one. */
  #tooMany(): FormFile[] {
    const held = this.#files.filter((file) => file.isHeld)
    const inMemory = !this.#job.storage.capabilities.streamingPut
    let count = 0
    let bytes = 0
    const kept = held.toReversed().findIndex((file) => {
      count++
      bytes += inMemory ? Math.min(file.bytes, maxHeldBytesOfFile) : 0
      return count >= maxHeld || bytes > maxHeldBytes
    })
    return kept === -1 ? [] : held.slice(0, held.length - kept)
  }

  /** The form is whole: from here on the files are put in place, also when the client goes away. */
  async complete(): Promise<void> {
    this.#job.res.off('close', this.#onGone)
    await this.#accepted
    const held = this.#files.filter((file) => file.isHeld)
    await Promise.all(held.map((file) => this.#lookUp(file)))
    for (const file of held) file.release()
  }

  /**
   * Finds out whether a file that is about to appear is new, where the storage does not tell; the only file of a form is never removed, so
   * that it does not matter.
   */
  async #lookUp(file: FormFile): Promise<void> {
    const { storage, container } = this.#job
    if (this.#files.length === 1 || storage.capabilities.tellsReplaced) return
    // When it can't be told, the file counts as one that replaces another, which is never removed.
    file.isNew = await storage.hasFile(container, file.name, { signal: this.#writes.signal }).then(
      (exists) => !exists,
      () => false,
    )
  }

  failed(error: unknown): void {
    this.#writes.abort(error)
    for (const file of this.#files) file.abandon(error)
  }

  async #undo(): Promise<void> {
    await this.#accepted
    const stored = await Promise.allSettled(this.#files.map((file) => file.stored()))
    const { storage, container, report } = this.#job
    for (const [index, outcome] of stored.entries()) {
      const file = this.#files[index]
      if (file === undefined || outcome.status === 'rejected' || outcome.value === undefined) continue
      if (!(file.isNew ?? outcome.value.replaced === false)) continue
      const onlyThis = storage.capabilities.conditions.remove === false ? {} : { ifMatch: outcome.value.etag }
      try {
        await storage.removeFile(container, file.name, onlyThis)
      } catch (error) {
        const replaced = isStorageError(error, 'PRECONDITION_FAILED') || isStorageError(error, 'FILE_NOT_FOUND')
        if (!replaced) report(error)
      }
    }
  }
}
