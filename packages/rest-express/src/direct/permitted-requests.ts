/** Requests to URLs that the router has signed. */
import { type ResumableUpload, StorageError, unknownContentType } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { receiveForm } from '../forms/form-upload.js'
import { readText } from '../http/json-body.js'
import { RequestBody } from '../http/request-body.js'
import { RequestError } from '../http/request-error.js'
import { essence } from '../options.js'
import type { RequestContext } from '../routes/request-context.js'
import type { FilePermit, StartPermit } from './direct-tickets.js'
import { abortUpload, completeUpload, issueTicket } from './direct-uploads.js'
import { acceptDirect } from './incoming.js'
import { openPermit } from './open-ticket.js'
import { fileUrl } from './own-urls.js'
import { etagOf, receivePart } from './part-body.js'
import { completedXml, parseCompletion, partsXml, startedXml } from './s3-xml.js'
import { startUnsized } from './unsized.js'

const noStore = { 'Cache-Control': 'no-store' } as const

const wrongMethod = ({ req }: RequestContext) =>
  new RequestError(405, 'METHOD_NOT_ALLOWED', `the URL does not allow ${req.method}`)

/** `PUT /:container/direct/signed/:ticket`: stores a part, or a whole file. */
export async function receivePut(context: RequestContext): Promise<void> {
  const permit = openPermit(context)
  if (permit.action === 'part') return receivePart(context, { ...permit, upload: withMaxSize(permit.upload) })
  if (permit.action === 'file') return receiveFile(context, permit)
  throw wrongMethod(context)
}

/** An upload of unknown size, none of whose parts is larger than the whole file may be. */
const withMaxSize = (upload: ResumableUpload): ResumableUpload =>
  upload.size === undefined ? { ...upload, partSize: Math.min(upload.partSize, upload.maxSize) } : upload

async function receiveFile(context: RequestContext, { file: direct }: FilePermit): Promise<void> {
  const { req, res, storage, container, rules, requestSignal: signal } = context
  const { file, contentType } = direct
  const stated = req.headers['content-type']
  if (contentType !== undefined && essence(stated ?? '') !== essence(contentType)) {
    throw new StorageError('TYPE_NOT_ALLOWED', `Content-Type must be ${contentType}`)
  }
  const write = await acceptDirect(context, direct)
  const body = new RequestBody(req, res, rules.upload.idleTimeout)
  const written = await storage.putFile(container, file, body, { ...write, signal })
  res.writeHead(200, { ETag: written.etag, 'Content-Length': 0, ...noStore })
  res.end()
}

/** `POST /:container/direct/signed/:ticket`: a form with a file, or S3's start or completion. */
export async function receivePost(context: RequestContext): Promise<void> {
  const permit = openPermit(context)
  if (permit.action === 'file') return receiveFileForm(context, permit)
  if (permit.action === 'start') return startInXml(context, permit)
  if (permit.action !== 'upload') throw wrongMethod(context)
  const parts = parseCompletion(await readText(context))
  const written = await completeUpload(context, permit.ticket, parts)
  sendXml(context, completedXml(written, fileUrl(context, written.name)))
}

async function receiveFileForm(context: RequestContext, { file: direct }: FilePermit): Promise<void> {
  const { req, res, storage, container, rules } = context
  const { file, contentType } = direct
  const isStated = contentType !== undefined && essence(contentType) !== unknownContentType
  const { files } = await receiveForm({
    storage,
    container,
    req,
    res,
    rules: {
      ...rules.upload,
      maxFiles: 1,
      getFilename: () => file,
      // Accepted when the URL was signed.
      ...(isStated ? { allowedContentTypes: new Set([essence(contentType)]) } : {}),
    },
    authorize: async () => undefined,
    report: (error) => context.report('putFile', error),
  })
  const [stored] = Object.values(files).flat()
  if (stored === undefined) throw new StorageError('INVALID_ARGUMENT', 'the form has no file')
  // Uppy 4 and 5 wait for ever for a response without an ETag.
  const { etag } = await storage.getFile(container, file)
  res.writeHead(201, { Location: fileUrl(context, file), ETag: etag, 'Content-Length': 0, ...noStore })
  res.end()
}

async function startInXml(context: RequestContext, { file: direct }: StartPermit): Promise<void> {
  const { req, container } = context
  const { file } = direct
  const upload = await startUnsized(context, { ...direct, ...defined({ contentType: req.headers['content-type'] }) })
  const { ticket } = await issueTicket(context, upload)
  sendXml(context, startedXml(container, file, ticket))
}

/** `GET /:container/direct/signed/:ticket`: lists the parts that are stored, in S3's words. */
export async function listPermitted(context: RequestContext): Promise<void> {
  const permit = openPermit(context)
  if (permit.action !== 'upload') throw wrongMethod(context)
  const { storage, responseSignal: signal } = context
  const parts = await Array.fromAsync(storage.parts(permit.ticket.upload, { signal }))
  sendXml(context, partsXml(parts.map((part) => ({ ...part, etag: etagOf(part) }))))
}

/** `DELETE /:container/direct/signed/:ticket`: deletes an upload. */
export async function deletePermitted(context: RequestContext): Promise<void> {
  const permit = openPermit(context)
  if (permit.action !== 'upload') throw wrongMethod(context)
  await abortUpload(context, permit.ticket.upload)
  context.res.writeHead(204).end()
}

function sendXml({ req, res }: RequestContext, xml: string): void {
  res.writeHead(200, { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(xml), ...noStore })
  res.end(req.method === 'HEAD' ? undefined : xml)
}
