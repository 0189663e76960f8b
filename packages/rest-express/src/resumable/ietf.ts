/**
 * The IETF's "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload). What differs
 * between its versions is in `interop-versions.ts`.
 */
import { randomUUID } from 'node:crypto'
import { isStorageError, type StartResumableUploadOptions, StorageError } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { contentDigest, digestHeader } from '../http/digests.js'
import { dispositionFilename } from '../http/disposition.js'
import { errorResponse } from '../http/errors.js'
import { fileJson, sendJson } from '../http/json.js'
import { statedSize } from '../http/request-body.js'
import { RequestError } from '../http/request-error.js'
import { essence } from '../options.js'
import { acceptedPut, receiveFile, statedAttributes, statedType, willReplace } from '../routes/raw-upload.js'
import type { RequestContext } from '../routes/request-context.js'
import { policyOfUpload, staticMaxSize } from '../routes/upload-rules.js'
import { acceptedFile, checkConditions, startOptions } from './accepted-file.js'
import { appendBody, hasContent, reportComplete } from './append-body.js'
import { digestPolicies, FileDigest, statedDigest } from './file-digest.js'
import {
  completedUpload,
  contradictsLength,
  inconsistentLength,
  invalid,
  mayPass,
  mismatchingOffset,
} from './ietf-errors.js'
import { bytesField, complete, dialectOf, incomplete, uploadComplete, uploadLimit } from './ietf-fields.js'
import { canInform, inform } from './interim-responses.js'
import type { Ticket } from './ticket.js'
import { parseUploadMetadata, typeIn } from './upload-metadata.js'
import type { UploadProtocol } from './upload-protocol.js'
import { authorizeUpload, expiryOf, isPartial, location, openTicket, ownerOfNew, rulesOf } from './upload-url.js'

const partialUpload = 'application/partial-upload'

/** The headers of a response to OPTIONS. */
const describe = (context: RequestContext): Readonly<Record<string, string>> => ({
  'Accept-Patch': partialUpload,
  'Upload-Limit': limit(context, Date.now() + rulesOf(context).maxAge),
})

/**
 * `POST /:container/uploads`: starts an upload, with the first bytes, with all of them or without
 * any. The name of the file is the filename of `Content-Disposition`, or else that in
 * `Upload-Metadata`.
 */
async function createUpload(context: RequestContext): Promise<void> {
  const { req } = context
  if (req.headers['upload-concat'] !== undefined) {
    // tus-js-client sends it with `parallelUploads`, for partial uploads that are no files.
    throw invalid('Upload-Concat', 'uploads are joined only in tus: Tus-Resumable is required')
  }
  const creation = beginCreation(context)
  const metadata = parseUploadMetadata(req.headers['upload-metadata'] as string | undefined)
  const named = dispositionFilename(req.headers['content-disposition'])
  const type = statedType(req)
  const { file, write } = await acceptedFile(context, {
    name: named ?? metadata.get('filename') ?? metadata.get('name') ?? randomUUID(),
    // The type of a part of the file says nothing about the file.
    contentType: type === undefined || essence(type) === partialUpload ? typeIn(metadata) : type,
    size: creation.size,
  }).catch((error: unknown) => withLimit(context, error))
  const { contentDisposition: _, ...attributes } = statedAttributes(req)
  await start(context, creation, file, { ...write, ...attributes })
}

/**
 * `PUT /:container/files/*file`. With `Upload-Complete`, the upload can be resumed, if the client
 * can learn its URL: from an interim response, or because it sends the file in more than one
 * request.
 */
export async function putFile(context: RequestContext): Promise<void> {
  const { req, res, rules, file } = context
  const isComplete = uploadComplete(req)
  if (rules.resumable === undefined) {
    if (isComplete !== false) return receiveFile(context)
    throw new StorageError('NOT_SUPPORTED', 'resumable uploads are off: send the whole file')
  }
  if (isComplete === undefined) return receiveFile(context)
  if (isComplete && !canInform(context)) {
    res.setHeader('Upload-Complete', complete)
    return receiveFile(context)
  }
  const creation = beginCreation(context)
  const write = await acceptedPut(context, creation.size).catch((error: unknown) => withLimit(context, error))
  await checkConditions(context, file, write)
  await start(context, creation, file, startOptions(write))
}

/** `HEAD /:container/uploads/:ticket`: how far the upload is. */
async function getUpload(context: RequestContext): Promise<void> {
  const { req, res, storage, responseSignal: signal } = context
  const { upload, expires } = await openUpload(context)
  const { offset, size, file } = await storage.getResumableUpload(upload, { takeOver: true, complete: false, signal })
  const withholds = dialectOf(req).withholdsFullLength && file === undefined && offset === size
  res.writeHead(204, {
    'Upload-Offset': String(offset),
    'Upload-Complete': file === undefined ? incomplete : complete,
    ...(size === undefined || withholds ? {} : { 'Upload-Length': String(size) }),
    'Upload-Limit': limit(context, expires),
    'Cache-Control': 'no-store',
  })
  res.end()
}

/** `PATCH /:container/uploads/:ticket`: stores the bytes that follow. */
async function appendToUpload(context: RequestContext): Promise<void> {
  const { req, res } = context
  res.setHeader('Upload-Complete', incomplete)
  const ticket = await openUpload(context)
  const dialect = dialectOf(req)
  if (dialect.contentType !== undefined && essence(req.headers['content-type'] ?? '') !== dialect.contentType) {
    const message = `Content-Type must be ${dialect.contentType}`
    throw new RequestError(415, 'TYPE_NOT_ALLOWED', message, { 'Accept-Patch': dialect.contentType })
  }
  const offset = bytesField(req, 'upload-offset')
  if (offset === undefined) throw invalid('Upload-Offset', 'Upload-Offset must be a number of bytes')
  const isComplete = uploadComplete(req)
  if (isComplete === undefined && !dialect.mayOmitComplete) {
    throw invalid('Upload-Complete', 'Upload-Complete must be ?1 or ?0')
  }
  await receive(context, ticket, { offset, complete: isComplete, size: wholeSize(context, offset, isComplete) })
}

/** `DELETE /:container/uploads/:ticket`: ends the upload. A completed file stays. */
async function deleteUpload(context: RequestContext): Promise<void> {
  const { upload } = await openUpload(context)
  await context.storage.abortResumableUpload(upload, await policyOfUpload(context, upload))
  context.res.writeHead(204).end()
}

export const ietf: UploadProtocol = {
  describe,
  create: createUpload,
  look: getUpload,
  append: appendToUpload,
  end: deleteUpload,
}

/** Opens the ticket in the path. Partial uploads and joined ones exist only in tus. */
async function openUpload(context: RequestContext): Promise<Ticket> {
  const ticket = await openTicket(context)
  if (isPartial(ticket.upload) || ticket.joined) {
    throw new StorageError('UPLOAD_NOT_FOUND', 'unknown upload: it was started with another protocol')
  }
  return ticket
}

/** What a request that starts an upload says about it. */
interface Creation {
  readonly complete: boolean
  /** Bytes of the whole file, if known. */
  readonly size: number | undefined
}

function beginCreation(context: RequestContext): Creation {
  context.res.setHeader('Upload-Complete', incomplete)
  const isComplete = uploadComplete(context.req)
  if (isComplete === undefined) throw invalid('Upload-Complete', 'Upload-Complete must be ?1 or ?0')
  return { complete: isComplete, size: wholeSize(context, 0, isComplete) }
}

/** Bytes of the whole file, from `Upload-Length` or from the length of the last body. */
function wholeSize({ req }: RequestContext, offset: number, isComplete: boolean | undefined): number | undefined {
  const declared = bytesField(req, 'upload-length')
  const bodySize = isComplete ? statedSize(req) : undefined
  if (bodySize === undefined) return declared
  const size = offset + bodySize
  if (declared !== undefined && declared !== size) {
    throw inconsistentLength(`the file has ${size} bytes with this body, not the ${declared} of Upload-Length`)
  }
  return size
}

/** Starts an upload, and stores the request's body. */
async function start(
  context: RequestContext,
  { complete: isComplete, size }: Creation,
  file: string,
  write: StartResumableUploadOptions,
): Promise<void> {
  const { storage, container, req, res } = context
  const { tickets, maxAge } = rulesOf(context)
  const owner = await ownerOfNew(context, file, size)
  const digest = statedDigest(req)
  const reservedUntil = expiryOf(context)
  const isKnown = hasContent(req) && canInform(context)
  const policies = isComplete && !isKnown ? [] : digestPolicies(digest)
  const upload = await storage.startResumableUpload(container, file, {
    ...write,
    ...defined({ size }),
    policy: [write.policy ?? [], policies].flat(),
    signal: context.requestSignal,
    reservedUntil,
  })
  const ticket: Ticket = {
    upload,
    ietf: true,
    expires: Date.now() + maxAge,
    ...(isKnown ? { interim: true } : {}),
    ...defined({ owner, digest }),
  }
  const url = location(context, tickets.seal(ticket))
  if (isKnown) inform(context, { Location: url, 'Upload-Limit': limit(context, ticket.expires) })
  res.setHeader('Location', url)
  try {
    await receive(context, ticket, { offset: 0, complete: isComplete, size })
  } catch (error) {
    // The client cannot continue an upload whose URL it does not know.
    if (!isKnown) {
      const policy = await policyOfUpload(context, upload)
      await storage.abortResumableUpload(upload, policy).catch(() => undefined)
    }
    throw error
  }
}

/** A body on its way into an upload. */
interface Transfer {
  readonly offset: number
  /** Whether the file ends with the body; `undefined` if its length decides. */
  readonly complete: boolean | undefined
  /** Bytes of the whole file, if the request states them. */
  readonly size: number | undefined
}

/** Stores the request's body and responds: as the target of the upload would, if it is complete. */
async function receive(context: RequestContext, ticket: Ticket, transfer: Transfer): Promise<void> {
  const { req, res } = context
  let hasArrived = false
  let replaces: boolean | undefined
  const digest = ticket.digest && new FileDigest(ticket.digest)
  const isHidden = ticket.upload.write !== undefined
  const isWhole = transfer.offset === 0 && transfer.complete === true && !isHidden
  const options = {
    offset: transfer.offset,
    policies: isHidden ? digestPolicies(ticket.digest) : [],
    ...defined({ complete: transfer.complete, size: transfer.size, checksum: contentDigest(req.headers) }),
    onStored: (stored: number) => inform(context, { 'Upload-Offset': String(stored) }),
    beforeComplete: async () => {
      hasArrived = true
      if (isWhole) digest?.verify()
      await authorizeUpload(context, ticket)
      replaces = await willReplace(context, ticket.upload.file, ticket.upload.conditions)
    },
  }
  const through = digest && isWhole ? (body: AsyncIterable<Uint8Array>) => digest.through(body) : undefined
  const state = await appendBody(context, ticket.upload, options, through).catch(async (error: unknown) => {
    if (breaks(context, ticket, error)) return undefined
    throw hasArrived
      ? await failedCompletion(context, ticket, error)
      : await failedAppend(context, ticket, transfer, error)
  })
  if (state === undefined) return
  const { offset, file } = state
  res.setHeader('Upload-Offset', String(offset))
  if (file === undefined) {
    res.setHeader('Upload-Limit', limit(context, ticket.expires))
    res.setHeader('Cache-Control', 'no-store')
    if (res.getHeader('Location') !== undefined) res.writeHead(201, { 'Content-Length': 0 })
    else res.writeHead(204)
    res.end()
    return
  }
  if (!hasArrived && hasContent(req)) throw completedUpload()
  res.setHeader('Upload-Complete', complete)
  if (hasArrived && !isWhole) await digest?.complete(context.storage, file)
  if (digest?.actual !== undefined) res.setHeader('Repr-Digest', digestHeader(digest.actual))
  await reportComplete(context, file)
  sendJson(res, (replaces ?? file.replaced) ? 200 : 201, fileJson(file), { ETag: file.etag })
}

/**
 * Breaks the connection after a failure that may pass, if the client learned the upload's URL from
 * an interim response. Clients such as Apple's URLSession resume an upload whose connection broke,
 * and take every final response for its end.
 */
function breaks(context: RequestContext, { interim }: Ticket, error: unknown): boolean {
  if (!interim || !mayPass(error)) return false
  context.report('putFile', error)
  context.res.destroy()
  return true
}

/**
 * Returns the error of a request whose bytes were not all stored. Bytes beyond the declared length
 * end the upload, because it is unknown which of them are the file's.
 */
async function failedAppend(
  context: RequestContext,
  { upload, expires }: Ticket,
  { offset }: Transfer,
  error: unknown,
): Promise<unknown> {
  const { storage, req } = context
  if (!isStorageError(error)) return error
  if (error.code === 'OFFSET_MISMATCH') return mismatchingOffset(error, offset)
  if (contradictsLength(error)) return inconsistentLength(error.message, error)
  // A newer request has ended this one.
  if (error.code === 'ABORTED' && !req.destroyed) return new RequestError(409, 'ABORTED', error.message, {}, error)
  if (error.code !== 'TOO_LARGE') return error
  if (error.details.rule !== undefined) {
    context.res.setHeader('Upload-Limit', limit(context, expires))
    return error
  }
  const { size } = await storage.getResumableUpload(upload, { complete: false })
  if (size !== undefined && size === error.details.size) {
    await storage.abortResumableUpload(upload, await policyOfUpload(context, upload))
    return inconsistentLength(`the upload has more than the ${size} bytes declared`, error)
  }
  return new RequestError(413, error.code, error.message, { 'Upload-Limit': limit(context, expires) }, error)
}

/**
 * Returns the error of a request with which all bytes had arrived. If it is not the server's, it is
 * that of the target: resuming cannot help, and an upload that can never be completed ends.
 */
async function failedCompletion(context: RequestContext, { upload }: Ticket, error: unknown): Promise<unknown> {
  const { storage, res } = context
  if (errorResponse(error).statusCode >= 500) return error
  res.setHeader('Upload-Complete', complete)
  if (isStorageError(error) && ['PRECONDITION_FAILED', 'CHECKSUM_MISMATCH'].includes(error.code)) {
    await storage.abortResumableUpload(upload, await policyOfUpload(context, upload))
  }
  return error
}

/**
 * Throws the error of a file that is not accepted. If it is too large, the response has the limit.
 */
function withLimit(context: RequestContext, error: unknown): never {
  if (errorResponse(error).statusCode === 413) {
    context.res.setHeader('Upload-Limit', limit(context, Date.now() + rulesOf(context).maxAge))
  }
  throw error
}

/** `Upload-Limit` of an upload that expires at a time, in milliseconds. */
function limit({ req, rules }: RequestContext, expires: number): string {
  const age = Math.max(0, Math.floor((expires - Date.now()) / 1000))
  return uploadLimit(dialectOf(req), staticMaxSize(rules.upload), age)
}
