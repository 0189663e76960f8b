/**
 * tus 1.0.0 (https://tus.io/protocols/resumable-upload): core, creation, creation-with-upload,
 * creation-defer-length, checksum, checksum-trailer, termination, expiration and concatenation.
 */
import { randomUUID } from 'node:crypto'
import {
  isStorageError,
  type ResumableUpload,
  type ResumableUploadState,
  StorageError,
  unknownContentType,
} from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { formName } from '../forms/form-file.js'
import { preconditionFailed, writeConditions } from '../http/conditions.js'
import type { HttpRequest } from '../http/messages.js'
import { RequestBody } from '../http/request-body.js'
import { RequestError } from '../http/request-error.js'
import { essence, type IncomingFile } from '../options.js'
import { fromHook, type RequestContext } from '../routes/request-context.js'
import { accept } from '../routes/upload-rules.js'
import type { ResumableRules } from './resumable-options.js'
import type { Ticket } from './ticket.js'
import { parseUploadMetadata } from './upload-metadata.js'

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
/** Seconds after which a client asks again while the storage cannot be reached. */
const retryAfter = 5

/** `OPTIONS /:container/uploads`: what the server supports. Needs no version. */
export async function describeUploads({ req, res, rules }: RequestContext): Promise<void> {
  const { maxFileSize } = rules.upload
  res.writeHead(204, {
    'Tus-Resumable': version,
    'Tus-Version': version,
    'Tus-Extension': extensions.filter((name) => name !== 'checksum-trailer' || req.trailers !== undefined).join(','),
    'Tus-Checksum-Algorithm': checksumAlgorithms.join(','),
    ...(typeof maxFileSize === 'number' ? { 'Tus-Max-Size': String(maxFileSize) } : {}),
    'Cache-Control': 'no-store',
  })
  res.end()
}

/** `POST /:container/uploads`: starts an upload; with a body, also stores the first bytes. */
export async function createUpload(context: RequestContext): Promise<void> {
  const rules = begin(context)
  const { storage, req, res } = context
  const concat = req.headers['upload-concat']
  if (concat !== undefined && concat !== 'partial') return joinUploads(context, rules, String(concat))
  const size = length(req, 'upload-length')
  const defers = deferral(req)
  if ((size === undefined) === !defers) {
    throw invalid('Upload-Length', 'exactly one of Upload-Length and "Upload-Defer-Length: 1" is required')
  }
  const hasBody = Number(req.headers['content-length'] ?? 0) > 0 || req.headers['transfer-encoding'] !== undefined
  if (hasBody) checkContentType(req)
  const header = req.headers['upload-metadata'] as string | undefined
  const upload = concat === 'partial' ? await startPartial(context, header, size) : await start(context, header, size)
  const owner = await ownerOf(rules, req)
  const ticket: Ticket = {
    upload,
    expires: Date.now() + rules.maxAge,
    ...defined({ metadata: header, owner }),
  }
  res.setHeader('Location', location(req, rules.tickets.seal(ticket)))
  res.setHeader('Upload-Expires', new Date(ticket.expires).toUTCString())
  if (hasBody) {
    const { offset } = await append(context, rules, upload, 0, size)
    res.setHeader('Upload-Offset', String(offset))
  } else if (size === 0) await complete(context, rules, await storage.getResumableUpload(upload))
  res.writeHead(201, { 'Content-Length': 0 }).end()
}

/** Starts the upload of a file. */
async function start(context: RequestContext, header: string | undefined, size: number | undefined) {
  const { file, write } = await acceptedFile(context, header, size)
  const options = { ...write, signal: context.requestSignal }
  return context.storage.startResumableUpload(context.container, file, options)
}

/** Returns the name of a file and how it is written, if the upload's rules and `authorize` accept it. */
async function acceptedFile(context: RequestContext, header: string | undefined, size: number | undefined) {
  const { storage, container, req, res, rules } = context
  const metadata = parseUploadMetadata(header)
  const type = metadata.get('filetype') ?? metadata.get('type') ?? ''
  const incoming: IncomingFile = {
    container,
    name: metadata.get('filename') ?? metadata.get('name') ?? randomUUID(),
    type: essence(type === '' ? unknownContentType : type),
    ...defined({ size }),
  }
  await context.authorize('putFile', container)
  const file = await formName(incoming, rules.upload, { req, res })
  await context.authorize('putFile', container, file)
  const named = file === incoming.name ? incoming : { ...incoming, name: file, originalFilename: incoming.name }
  const accepted = await accept(storage, rules.upload, named, type === '' ? undefined : type, { req, res })
  const {
    signal: _,
    onProgress: __,
    detectContentType: ___,
    parallelism: ____,
    checksums: _____,
    ...write
  } = accepted.write
  const conditions = await writeConditions(req.headers, storage, container, file, context.requestSignal)
  if (conditions.ifNoneMatch !== undefined && (await exists(context, file))) throw preconditionFailed()
  return { file, write: { ...write, ...conditions } }
}

/** Whether the file exists. The storage decides at the end; this spares the client the whole upload. */
async function exists({ storage, container, requestSignal: signal }: RequestContext, file: string): Promise<boolean> {
  try {
    await storage.getFile(container, file, { signal })
    return true
  } catch (error) {
    if (isStorageError(error, 'FILE_NOT_FOUND')) return false
    throw error
  }
}

/** `Upload-Concat: final;/a /b`: joins complete partial uploads to a file. */
async function joinUploads(context: RequestContext, rules: ResumableRules, concat: string): Promise<void> {
  const { storage, container, req, res } = context
  const [, list] = /^final;\s*(\S.*)$/.exec(concat) ?? []
  if (list === undefined) throw invalid('Upload-Concat', 'Upload-Concat must be "partial", or "final;" and URLs')
  if (length(req, 'upload-length') !== undefined || deferral(req)) {
    throw invalid('Upload-Concat', 'an upload that joins others has no length of its own')
  }
  const tickets: Ticket[] = []
  for (const url of list.trim().split(/\s+/)) tickets.push(await ticketOf(context, rules, ticketIn(url)))
  const states = await Promise.all(tickets.map(({ upload }) => storage.getResumableUpload(upload)))
  const unfinished = states.findIndex((state, index) => {
    const { joined, upload } = tickets[index] as Ticket
    return joined !== undefined || !upload.partial || state.size !== state.offset
  })
  if (unfinished !== -1) {
    throw invalid('Upload-Concat', `upload ${unfinished + 1} of Upload-Concat is not a complete partial upload`)
  }
  const size = states.reduce((sum, { offset }) => sum + offset, 0)
  const metadata = req.headers['upload-metadata'] as string | undefined
  const { file, write } = await acceptedFile(context, metadata, size)
  const uploads = tickets.map(({ upload }) => upload)
  const options = { ...write, size, signal: context.requestSignal }
  const written = await storage.joinPartialUploads(uploads, container, file, options)
  await complete(context, rules, { offset: size, size, file: written })
  const owner = await ownerOf(rules, req)
  const ticket: Ticket = {
    upload: { ...(uploads[0] as ResumableUpload), file },
    joined: { size, concat },
    expires: Date.now() + rules.maxAge,
    ...defined({ metadata, owner }),
  }
  res.writeHead(201, {
    Location: location(req, rules.tickets.seal(ticket)),
    'Upload-Expires': new Date(ticket.expires).toUTCString(),
    'Content-Length': 0,
  })
  res.end()
}

/** The ticket in a URL, which may be relative. */
const ticketIn = (url: string): string =>
  URL.canParse(url, 'http://localhost') ? (new URL(url, 'http://localhost').pathname.split('/').at(-1) ?? '') : ''

/** Starts an upload whose bytes are joined with others later. Its name and type are those of the whole. */
async function startPartial(
  context: RequestContext,
  header: string | undefined,
  size: number | undefined,
): Promise<ResumableUpload> {
  const { storage, container, rules } = context
  parseUploadMetadata(header)
  await context.authorize('putFile', container)
  const { maxFileSize } = rules.upload
  const maxSize = typeof maxFileSize === 'number' ? maxFileSize : undefined
  return storage.startPartialUpload(container, { ...defined({ size, maxSize }), signal: context.requestSignal })
}

/** `HEAD /:container/uploads/:ticket`: how far the upload is. */
export async function getUpload(context: RequestContext): Promise<void> {
  const { res, storage, responseSignal: signal } = context
  const { ticket } = await openTicket(context)
  const { joined, upload } = ticket
  const state = joined
    ? { offset: joined.size, size: joined.size }
    : await storage.getResumableUpload(upload, { takeOver: true, signal }).catch(untilReachable)
  const concat = joined?.concat ?? (upload.partial ? 'partial' : undefined)
  res.writeHead(200, {
    ...defined({ 'Upload-Concat': concat }),
    'Upload-Offset': String(state.offset),
    ...(state.size === undefined ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(state.size) }),
    ...(ticket.metadata === undefined ? {} : { 'Upload-Metadata': ticket.metadata }),
    'Upload-Expires': new Date(ticket.expires).toUTCString(),
    'Cache-Control': 'no-store',
  })
  res.end()
}

/** `PATCH /:container/uploads/:ticket`: stores the bytes that follow. */
export async function appendToUpload(context: RequestContext): Promise<void> {
  const { req, res } = context
  const { rules, ticket } = await openTicket(context)
  if (ticket.joined) {
    throw new RequestError(403, 'PERMISSION_DENIED', 'an upload that joins others cannot be continued')
  }
  checkContentType(req)
  const offset = length(req, 'upload-offset')
  if (offset === undefined) throw invalid('Upload-Offset', 'Upload-Offset is required')
  const size = length(req, 'upload-length')
  const state = await append(context, rules, ticket.upload, offset, size)
  res.writeHead(204, {
    'Upload-Offset': String(state.offset),
    'Upload-Expires': new Date(ticket.expires).toUTCString(),
    'Cache-Control': 'no-store',
  })
  res.end()
}

/** `DELETE /:container/uploads/:ticket`: ends the upload. A completed file stays. */
export async function deleteUpload(context: RequestContext): Promise<void> {
  const { res, storage } = context
  const { ticket } = await openTicket(context)
  if (!ticket.joined) await storage.abortResumableUpload(ticket.upload)
  res.writeHead(204).end()
}

/**
 * `POST /:container/uploads/:ticket` with `X-HTTP-Method-Override`, for clients that cannot send
 * PATCH or DELETE.
 */
export async function overrideMethod(context: RequestContext): Promise<void> {
  const method = context.req.headers['x-http-method-override']
  if (method === 'PATCH') return appendToUpload(context)
  if (method === 'DELETE') return deleteUpload(context)
  const allow = 'HEAD, PATCH, DELETE, OPTIONS'
  throw new RequestError(405, 'METHOD_NOT_ALLOWED', `method not allowed (allowed: ${allow})`, { Allow: allow })
}

/** Checks the protocol's version. Every response names it, errors included. */
function begin({ req, res, rules }: RequestContext): ResumableRules {
  res.setHeader('Tus-Resumable', version)
  if (req.headers['tus-resumable'] !== version) {
    throw new RequestError(412, 'PRECONDITION_FAILED', `Tus-Resumable: ${version} is required`, {
      'Tus-Version': version,
    })
  }
  // The router has no such routes without these rules.
  return rules.resumable as ResumableRules
}

/** Returns the ticket in the path, if the client may use it. */
async function openTicket(context: RequestContext): Promise<{ rules: ResumableRules; ticket: Ticket }> {
  const rules = begin(context)
  const ticket = await ticketOf(context, rules, context.file)
  await context.authorize(
    'putFile',
    context.container,
    ticket.upload.partial && !ticket.joined ? undefined : ticket.upload.file,
  )
  return { rules, ticket }
}

/** Opens a ticket of the container in the path and of the client. Fails with 404 and 410. */
async function ticketOf(context: RequestContext, rules: ResumableRules, text: string): Promise<Ticket> {
  const ticket = rules.tickets.open(text)
  const unknown = new StorageError('UPLOAD_NOT_FOUND', 'there is no such upload')
  if (ticket === undefined || ticket.upload.container !== context.container) throw unknown
  if (ticket.owner !== (await ownerOf(rules, context.req))) throw unknown
  if (Date.now() >= ticket.expires) throw new RequestError(410, 'UPLOAD_EXPIRED', 'the upload has expired')
  return ticket
}

const ownerOf = async ({ owner }: ResumableRules, req: HttpRequest): Promise<string | undefined> =>
  owner === undefined ? undefined : fromHook(() => owner(req))

/** Stores the request's body, and calls the application if that completes the upload. */
async function append(
  context: RequestContext,
  rules: ResumableRules,
  upload: ResumableUpload,
  offset: number,
  size: number | undefined,
): Promise<ResumableUploadState> {
  const { storage, req, res } = context
  const checksum = bodyChecksum(req)
  // Without a signal: if the connection breaks, the body fails after everything that arrived.
  const body = new RequestBody(req, res, context.rules.upload.idleTimeout)
  const bodySize = req.headers['content-length'] === undefined ? undefined : Number(req.headers['content-length'])
  const options = { offset, ...defined({ bodySize, size: size ?? upload.size, checksum }) }
  try {
    const state = await storage.appendToResumableUpload(upload, body, options)
    await complete(context, rules, state)
    return state
  } catch (error) {
    if (isStorageError(error, 'CHECKSUM_MISMATCH')) {
      throw new RequestError(460, 'CHECKSUM_MISMATCH', error.message, {}, error)
    }
    // A newer request has ended this one. Its client, if it is still connected, has to ask for the offset.
    if (isStorageError(error, 'ABORTED') && !req.destroyed) {
      throw new RequestError(409, 'OFFSET_MISMATCH', error.message, {}, error)
    }
    throw error
  }
}

async function complete({ req }: RequestContext, { onComplete }: ResumableRules, { file }: ResumableUploadState) {
  if (file !== undefined && onComplete !== undefined) await fromHook(() => onComplete(file, req))
}

/**
 * A tus client forgets an upload whose HEAD fails with another status than 423, and starts again
 * from its first byte. While the storage cannot be reached, it is therefore told to wait.
 */
function untilReachable(error: unknown): never {
  if (isStorageError(error) && [502, 503, 504].includes(error.statusCode)) {
    const headers = { 'Retry-After': String(Math.ceil(error.details.retryAfter ?? retryAfter)) }
    throw new RequestError(423, 'UNAVAILABLE', 'the storage cannot be reached; ask again later', headers, error)
  }
  throw error
}

/** The upload's URL, relative to that of the request, so that it is right behind every proxy. */
function location({ url = '' }: HttpRequest, ticket: string): string {
  const { pathname } = new URL(url, 'http://localhost')
  return pathname.endsWith('/') ? ticket : `uploads/${ticket}`
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
