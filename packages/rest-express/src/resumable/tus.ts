/**
 * tus 1.0.0 (https://tus.io/protocols/resumable-upload): core, creation, creation-with-upload,
 * creation-defer-length, checksum, checksum-trailer, termination, expiration and concatenation.
 */
import { randomUUID } from 'node:crypto'
import { isStorageError, type ResumableUpload, type ResumableUploadState, StorageError } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import type { HttpRequest } from '../http/messages.js'
import { statedSize } from '../http/request-body.js'
import { RequestError } from '../http/request-error.js'
import { essence } from '../options.js'
import type { RequestContext } from '../routes/request-context.js'
import { policyOfUpload, staticMaxSize } from '../routes/upload-rules.js'
import { acceptedFile, type DescribedFile } from './accepted-file.js'
import { appendBody, hasContent, reportComplete } from './append-body.js'
import type { Ticket } from './ticket.js'
import { parseUploadMetadata, typeIn } from './upload-metadata.js'
import type { UploadProtocol } from './upload-protocol.js'
import {
  authorizeUpload,
  expiryOf,
  isPartial,
  location,
  openTicket,
  ownerOf,
  ownerOfNew,
  rulesOf,
  ticketOf,
} from './upload-url.js'

const version = '1.0.0'
const extensions = [
  'creation',
  'creation-with-upload',
  'creation-defer-length',
  'checksum',
  'checksum-trailer',
  'termination',
  'expiration',
  'concatenation',
]
const checksumAlgorithms = ['sha1', 'md5', 'sha256', 'sha512'] as const
type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]

const contentType = 'application/offset+octet-stream'
/** Seconds after which a client retries while the storage is unreachable. */
const retryAfter = 5

/** The headers of a response to OPTIONS. */
const describe = ({ req, rules }: RequestContext): Readonly<Record<string, string>> => ({
  'Tus-Resumable': version,
  'Tus-Version': version,
  'Tus-Extension': extensions.filter((name) => name !== 'checksum-trailer' || req.trailers !== undefined).join(','),
  'Tus-Checksum-Algorithm': checksumAlgorithms.join(','),
  ...maxSizeHeader(staticMaxSize(rules.upload)),
})

const maxSizeHeader = (maxSize: number | undefined): Readonly<Record<string, string>> =>
  maxSize === undefined ? {} : { 'Tus-Max-Size': String(maxSize) }

/** `POST /:container/uploads`: starts an upload; with a body, also stores the first bytes. */
async function createUpload(context: RequestContext): Promise<void> {
  begin(context)
  const { storage, req, res } = context
  const rules = rulesOf(context)
  const concat = req.headers['upload-concat']
  if (concat !== undefined && concat !== 'partial') return joinUploads(context, String(concat))
  const size = length(req, 'upload-length')
  const defers = deferral(req)
  if ((size === undefined) === !defers) {
    throw invalid('Upload-Length', 'exactly one of Upload-Length and "Upload-Defer-Length: 1" is required')
  }
  // The first bytes have a type. A request of the web platform may have a body that turns out
  // empty.
  const hasBody = hasContent(req) && (statedSize(req) !== undefined || req.headers['content-type'] !== undefined)
  if (hasBody) checkContentType(req)
  const header = req.headers['upload-metadata'] as string | undefined
  const isPartial = concat === 'partial'
  const { upload, owner } = await (isPartial ? startPartial : start)(context, header, size)
  const ticket: Ticket = {
    upload,
    expires: Date.now() + rules.maxAge,
    ...defined({ metadata: header, owner }),
  }
  res.setHeader('Location', location(context, rules.tickets.seal(ticket)))
  res.setHeader('Upload-Expires', new Date(ticket.expires).toUTCString())
  if (hasBody) {
    const { offset } = await append(context, ticket, 0, size)
    res.setHeader('Upload-Offset', String(offset))
  } else if (size === 0)
    await reportComplete(
      context,
      (await storage.getResumableUpload(upload, await policyOfUpload(context, upload))).file,
    )
  res.writeHead(201, { 'Content-Length': 0 }).end()
}

/** An upload that has begun, and whose it is. */
interface StartedUpload {
  readonly upload: ResumableUpload
  readonly owner: string | undefined
}

/** Starts the upload of a file. */
async function start(
  context: RequestContext,
  header: string | undefined,
  size: number | undefined,
): Promise<StartedUpload> {
  const { file, write } = await acceptedFile(context, describedFile(header, size))
  const owner = await ownerOfNew(context, file, size)
  const options = { ...write, signal: context.requestSignal, reservedUntil: expiryOf(context) }
  return { upload: await context.storage.startResumableUpload(context.container, file, options), owner }
}

/** The file that metadata describes. Without a name, it gets a random one. */
function describedFile(header: string | undefined, size: number | undefined): DescribedFile {
  const metadata = parseUploadMetadata(header)
  const name = metadata.get('filename') ?? metadata.get('name') ?? randomUUID()
  return { name, contentType: typeIn(metadata), size }
}

/** `Upload-Concat: final;/a /b`: joins complete partial uploads to a file. */
async function joinUploads(context: RequestContext, concat: string): Promise<void> {
  const { storage, container, req, res } = context
  const [, list] = /^final;\s*(\S.*)$/.exec(concat) ?? []
  if (list === undefined) throw invalid('Upload-Concat', 'Upload-Concat must be "partial", or "final;" and URLs')
  if (length(req, 'upload-length') !== undefined || deferral(req)) {
    throw invalid('Upload-Concat', 'Upload-Length must not be set for an upload that joins others')
  }
  const tickets: Ticket[] = []
  for (const url of list.trim().split(/\s+/)) tickets.push(await ticketOf(context, ticketIn(url)))
  const states = await Promise.all(tickets.map(({ upload }) => storage.getResumableUpload(upload)))
  const unfinished = states.findIndex((state, index) => {
    const { joined, upload } = tickets[index] as Ticket
    return joined !== undefined || !isPartial(upload) || state.size !== state.offset
  })
  if (unfinished !== -1) {
    throw invalid('Upload-Concat', `upload ${unfinished + 1} of Upload-Concat is not a complete partial upload`)
  }
  const size = states.reduce((sum, { offset }) => sum + offset, 0)
  const metadata = req.headers['upload-metadata'] as string | undefined
  const { file, write } = await acceptedFile(context, describedFile(metadata, size))
  const uploads = tickets.map(({ upload }) => upload)
  const options = { ...write, size, signal: context.requestSignal }
  const written = await storage.joinPartialUploads(uploads, container, file, options)
  await reportComplete(context, written)
  const rules = rulesOf(context)
  const owner = await ownerOf(context)
  const ticket: Ticket = {
    upload: { ...(uploads[0] as ResumableUpload), file },
    joined: { size, concat },
    expires: Date.now() + rules.maxAge,
    ...defined({ metadata, owner }),
  }
  res.writeHead(201, {
    Location: location(context, rules.tickets.seal(ticket)),
    'Upload-Expires': new Date(ticket.expires).toUTCString(),
    'Content-Length': 0,
  })
  res.end()
}

/** The ticket at the end of a URL, which may be relative. */
const ticketIn = (url: string): string => /[\w-]+$/.exec(url)?.[0] ?? ''

/**
 * Starts an upload whose bytes are joined with others later. Its name and type are those of the
 * whole.
 */
async function startPartial(
  context: RequestContext,
  header: string | undefined,
  size: number | undefined,
): Promise<StartedUpload> {
  const { storage, container, rules } = context
  parseUploadMetadata(header)
  await context.authorize('putFile', container)
  const owner = await ownerOfNew(context, undefined, size)
  const maxSize = staticMaxSize(rules.upload)
  const options = { ...defined({ size, maxSize }), signal: context.requestSignal }
  return { upload: await storage.startPartialUpload(container, options), owner }
}

/** `HEAD /:container/uploads/:ticket`: how far the upload is. */
async function getUpload(context: RequestContext): Promise<void> {
  begin(context)
  const { res, storage, responseSignal: signal } = context
  const ticket = await openUpload(context)
  const { joined, upload } = ticket
  const state = joined
    ? { offset: joined.size, size: joined.size }
    : await storage
        .getResumableUpload(upload, { takeOver: true, signal, ...(await policyOfUpload(context, upload)) })
        .catch(untilReachable)
  const concat = joined?.concat ?? (isPartial(upload) ? 'partial' : undefined)
  res.writeHead(200, {
    ...defined({ 'Upload-Concat': concat, 'Upload-Metadata': ticket.metadata }),
    'Upload-Offset': String(state.offset),
    ...(state.size === undefined ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(state.size) }),
    'Upload-Expires': new Date(ticket.expires).toUTCString(),
    'Cache-Control': 'no-store',
  })
  res.end()
}

/** `PATCH /:container/uploads/:ticket`: stores the bytes that follow. */
async function appendToUpload(context: RequestContext): Promise<void> {
  begin(context)
  const { req, res } = context
  const ticket = await openUpload(context)
  if (ticket.joined) {
    throw new RequestError(403, 'PERMISSION_DENIED', 'an upload that joins others cannot be continued')
  }
  checkContentType(req)
  const offset = length(req, 'upload-offset')
  if (offset === undefined) throw invalid('Upload-Offset', 'Upload-Offset is required')
  const size = length(req, 'upload-length')
  const state = await append(context, ticket, offset, size)
  res.writeHead(204, {
    'Upload-Offset': String(state.offset),
    'Upload-Expires': new Date(ticket.expires).toUTCString(),
    'Cache-Control': 'no-store',
  })
  res.end()
}

/** `DELETE /:container/uploads/:ticket`: ends the upload. A completed file stays. */
async function deleteUpload(context: RequestContext): Promise<void> {
  begin(context)
  const { res, storage } = context
  const { joined, upload } = await openTicket(context)
  if (!joined) await storage.abortResumableUpload(upload, await policyOfUpload(context, upload))
  res.writeHead(204).end()
}

/**
 * Opens the ticket in the path. Only the IETF's protocol verifies the digest of a whole file, so
 * tus never completes an upload that has one.
 */
async function openUpload(context: RequestContext): Promise<Ticket> {
  const ticket = await openTicket(context)
  if (ticket.digest?.value !== undefined) {
    throw new StorageError('UPLOAD_NOT_FOUND', 'unknown upload: it was started with another protocol')
  }
  return ticket
}

export const tus: UploadProtocol = {
  describe,
  create: createUpload,
  look: getUpload,
  append: appendToUpload,
  end: deleteUpload,
}

/** Checks the protocol's version. Every response names it, errors included. */
function begin({ req, res }: RequestContext): void {
  res.setHeader('Tus-Resumable', version)
  if (req.headers['tus-resumable'] !== version) {
    throw new RequestError(412, 'PRECONDITION_FAILED', `Tus-Resumable: ${version} is required`, {
      'Tus-Version': version,
    })
  }
}

/** Stores the request's body, and calls the application if that completes the upload. */
async function append(
  context: RequestContext,
  ticket: Ticket,
  offset: number,
  size: number | undefined,
): Promise<ResumableUploadState> {
  const { req } = context
  const options = {
    offset,
    beforeComplete: () => authorizeUpload(context, ticket),
    ...defined({ size, checksum: bodyChecksum(req) }),
  }
  try {
    const state = await appendBody(context, ticket.upload, options)
    await reportComplete(context, state.file)
    return state
  } catch (error) {
    if (isStorageError(error, 'CHECKSUM_MISMATCH')) {
      throw new RequestError(460, 'CHECKSUM_MISMATCH', error.message, {}, error)
    }
    // A newer request has ended this one. Its client, if it is still connected, has to ask for the
    // offset.
    if (isStorageError(error, 'ABORTED') && !req.destroyed) {
      throw new RequestError(409, 'OFFSET_MISMATCH', error.message, {}, error)
    }
    throw error
  }
}

/**
 * A tus client forgets an upload whose HEAD fails with another status than 423, and starts again
 * from its first byte. While the storage is unreachable, the response is therefore 423, which makes
 * the client wait.
 */
function untilReachable(error: unknown): never {
  if (isStorageError(error) && [502, 503, 504].includes(error.statusCode)) {
    const headers = { 'Retry-After': String(Math.ceil(error.details.retryAfter ?? retryAfter)) }
    throw new RequestError(423, 'UNAVAILABLE', 'the storage is unreachable; retry later', headers, error)
  }
  throw error
}

function checkContentType({ headers }: HttpRequest): void {
  if (essence(headers['content-type'] ?? '') === contentType) return
  throw new StorageError('TYPE_NOT_ALLOWED', `Content-Type must be ${contentType}`)
}

/** A header whose value is a number of bytes. */
function length({ headers }: HttpRequest, name: 'upload-length' | 'upload-offset'): number | undefined {
  const value = headers[name]
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value)
  throw invalid(name, `${name} must be a whole number of bytes`)
}

function deferral({ headers }: HttpRequest): boolean {
  const value = headers['upload-defer-length']
  if (value === undefined) return false
  if (value === '1') return true
  throw invalid('Upload-Defer-Length', 'Upload-Defer-Length must be 1')
}

/** The checksum of the body, from a header or from a trailer, which arrives after the body. */
function bodyChecksum(req: HttpRequest) {
  const header = req.headers['upload-checksum']
  if (header !== undefined) return parseChecksum(header)
  const announced = String(req.headers.trailer ?? '')
    .toLowerCase()
    .split(',')
  if (!announced.some((name) => name.trim() === 'upload-checksum')) return undefined
  if (req.trailers === undefined) {
    throw new RequestError(501, 'NOT_SUPPORTED', 'this server cannot read trailers: send Upload-Checksum as a header')
  }
  return () => parseChecksum(req.trailers?.['upload-checksum'])
}

function parseChecksum(header: unknown): { readonly algorithm: ChecksumAlgorithm; readonly value: string } {
  const [, name, value] = typeof header === 'string' ? (/^(\S+) +([A-Za-z0-9+/]+={0,2})$/.exec(header) ?? []) : []
  const algorithm = checksumAlgorithms.find((candidate) => candidate === name)
  if (algorithm === undefined || value === undefined) {
    const known = checksumAlgorithms.join(', ')
    throw invalid('Upload-Checksum', `Upload-Checksum must be an algorithm (${known}) and a Base64 value`)
  }
  return { algorithm, value: Buffer.from(value, 'base64').toString('hex') }
}

const invalid = (property: string, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })
