/**
 * Form uploads (`multipart/form-data`): each file is streamed to the storage while the form
 * arrives.
 *
 * All or nothing. A file does not appear before its body ends, and its body does not end before the
 * whole form has arrived and the policy has accepted each file of it. If the form, a file or the
 * connection fails, nothing is stored or replaced. After that, only the storage can fail, while it
 * commits the files. New files are then deleted again, each only in the version that this request
 * stored. A file that replaced another one stays, because deleting it would leave neither.
 *
 * Held files cost descriptors or memory. Only the last {@link maxHeld} files of a form are held, or
 * fewer if they are large and the storage keeps them in memory. Earlier files are committed before
 * the form ends, and deleted under the same rule if it fails.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkContainerName, isStorageError, StorageError, type StorageService } from '@stowage/core'
import { arrivedWhole, clientGone } from '../http/connection.js'
import { sendJson } from '../http/json.js'
import type { HttpRequest, HttpResponse } from '../http/messages.js'
import { turnOf } from '../http/pipelining.js'
import { checkContentCoding, RequestBody } from '../http/request-body.js'
import { checkNames, checkStorage, essence, type UploadOptions, type UploadRules, uploadRules } from '../options.js'
import type { RequestContext } from '../routes/request-context.js'
import { accept } from '../routes/upload-rules.js'
import { boundaryOf } from './form-delimiters.js'
import { FormFile, formName, type UploadedFile } from './form-file.js'
import { type FilePart, readForm } from './form-reader.js'

/** Files of one form that are held at the same time. */
const maxHeld = 8
/**
 * Bytes of memory that held files may use if the storage does not accept streams, and keeps up to
 * one part of each file in memory.
 */
const maxHeldBytes = 32 * 1024 * 1024
const maxHeldBytesOfFile = 8 * 1024 * 1024

/** The files and fields of a form, by field name. Both objects have no prototype. */
export interface UploadResult {
  readonly files: Readonly<Record<string, readonly UploadedFile[]>>
  readonly fields: Readonly<Record<string, readonly string[]>>
}

interface FormJob {
  readonly storage: StorageService
  readonly container: string
  readonly req: HttpRequest
  readonly res: HttpResponse
  readonly rules: UploadRules
  readonly authorize: (file: string) => Promise<void>
  /** Receives failures that occur in addition to the failure of the upload. */
  readonly report: (error: unknown) => void
}

/**
 * Stores the files of a form as the upload route of the router does, for applications that define
 * their own routes. The container is `options.container`, otherwise `req.params.container`.
 *
 * Rejects with a `StorageError` or a `RequestError`; nothing of the form is stored then.
 * `sendError` turns the error into a response.
 */
export async function upload<Req extends IncomingMessage = IncomingMessage>(
  storage: StorageService,
  req: Req,
  res: ServerResponse,
  options: UploadOptions<Req> & { readonly container?: string } = {},
): Promise<UploadResult> {
  checkStorage(storage)
  checkNames('upload', options)
  // Req is the framework's request, which is the one passed in at run time.
  const rules = uploadRules(options as UploadOptions<HttpRequest>)
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
export async function receiveUpload(context: RequestContext): Promise<void> {
  const { storage, container, req, res, rules } = context
  await context.authorize('upload', container)
  const result = await receiveForm({
    storage,
    container,
    req,
    res,
    rules: rules.upload,
    authorize: (file) => context.authorize('upload', container, file),
    report: (error) => context.report('upload', error),
  })
  sendJson(res, 200, JSON.stringify({ result }))
}

export async function receiveForm(job: FormJob): Promise<UploadResult> {
  const contentType = job.req.headers['content-type'] ?? ''
  if (essence(contentType) !== 'multipart/form-data') {
    throw new StorageError('TYPE_NOT_ALLOWED', 'the body of an upload must be multipart/form-data')
  }
  checkContentCoding(job.req)
  return new FormUpload(job, boundaryOf(contentType)).run()
}

class FormUpload {
  readonly #job: FormJob
  readonly #boundary: string
  readonly #body: RequestBody
  /** Aborted if the form fails. The reason is the first error. */
  readonly #writes = new AbortController()
  readonly #files: FormFile[] = []
  readonly #names = new Set<string>()
  // Bound methods, for the reason given in `RequestBody`.
  readonly #onGone = this.#lost.bind(this)

  constructor(job: FormJob, boundary: string) {
    this.#job = job
    this.#boundary = boundary
    const { req, res, rules } = job
    this.#body = new RequestBody(req, res, rules.idleTimeout)
  }

  async run(): Promise<UploadResult> {
    const { container, req, res, rules } = this.#job
    if (res.closed && !arrivedWhole(req)) throw clientGone()
    res.once('close', this.#onGone)
    const fields: Record<string, string[]> = Object.create(null)
    const files: Record<string, UploadedFile[]> = Object.create(null)
    try {
      for await (const part of readForm(this.#body, this.#boundary, rules)) {
        if (part.kind === 'file') {
          await this.#receive(part)
        } else {
          fields[part.name] ??= []
          fields[part.name]?.push(part.value)
        }
      }
      await this.#commit()
    } catch (error) {
      this.#fail(error)
      await this.#undo()
      throw this.#writes.signal.reason
    } finally {
      res.off('close', this.#onGone)
    }
    for (const file of this.#files) {
      files[file.field] ??= []
      files[file.field]?.push(file.described(container))
    }
    return { files, fields }
  }

  #lost(): void {
    if (!arrivedWhole(this.#job.req)) this.#fail(clientGone())
  }

  /** Fails the form: nothing more is read or stored. Only the first error counts. */
  #fail(error: unknown): void {
    this.#writes.abort(error)
    this.#body.destroy(error)
  }

  /** Starts to store a file after all checks and hooks accepted it. */
  async #receive(part: FilePart): Promise<void> {
    const file = new FormFile(part)
    this.#files.push(file)
    const { storage, container, req, res, rules, authorize } = this.#job
    const incoming = file.incoming(container)
    const name = await formName(incoming, rules, { req, res })
    if (this.#names.has(name)) {
      throw new StorageError('NAME_CONFLICT', `two files of the form have the name ${JSON.stringify(name)}`)
    }
    this.#names.add(name)
    await authorize(name)
    const named = name === incoming.name ? incoming : { ...incoming, name, originalFilename: incoming.name }
    const { write, acl } = await accept(storage, rules, named, file.statedType, { req, res })
    for (const other of this.#filesToRelease()) {
      await this.#detectNew(other)
      other.release()
      await other.stored()
    }
    const { signal } = this.#writes
    signal.throwIfAborted()
    file.store(name, acl, (body) => storage.putFile(container, name, body, { ...write, signal }))
    file.stored().catch((error: unknown) => this.#fail(error))
  }

  /** The oldest held files, as many as have to be released before the next one. */
  #filesToRelease(): FormFile[] {
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

  /** The form is complete: the files are committed, even if the client disconnects. */
  async #commit(): Promise<void> {
    this.#job.res.off('close', this.#onGone)
    const held = this.#files.filter((file) => file.isHeld)
    await Promise.all(held.map((file) => file.accepted()))
    await Promise.all(held.map((file) => this.#detectNew(file)))
    for (const file of held) file.release()
    await Promise.all(this.#files.map((file) => file.stored()))
  }

  /**
   * Detects whether a file that is about to appear is new, if the storage does not report it. Not
   * needed for the only file of a form, which is never deleted.
   */
  async #detectNew(file: FormFile): Promise<void> {
    const { storage, container } = this.#job
    if (this.#files.length === 1 || storage.capabilities.tellsReplaced) return
    // If this fails, the file is treated as one that replaced another, which is never deleted.
    file.isNew = await storage.hasFile(container, file.name, { signal: this.#writes.signal }).then(
      (exists) => !exists,
      () => false,
    )
  }

  async #undo(): Promise<void> {
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
