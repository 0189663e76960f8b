/**
 * Downloads: one file, or a range of it, from one version, with the headers that browsers need to
 * handle it safely.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import {
  type ByteRange,
  type FileInfo,
  isStorageError,
  type OpenedFile,
  type StorageService,
  unknownContentType,
} from '@stowage/core'
import { type HeaderAttribute, headerAttributeNames, headerAttributes } from '@stowage/core/provider'
import {
  evaluateRead,
  lastModified,
  parseConditions,
  parseDate,
  preconditionFailed,
  type RequestConditions,
} from '../http/conditions.js'
import { responseSignal } from '../http/connection.js'
import { contentDisposition, contentSecurityPolicy } from '../http/disposition.js'
import { untransformed } from '../http/json.js'
import type { HttpRequest, HttpResponse } from '../http/messages.js'
import { turnOf } from '../http/pipelining.js'
import { checkNames, checkStorage, type DownloadOptions, type DownloadRules, downloadRules } from '../options.js'
import type { RequestContext } from '../routes/request-context.js'
import { filesystemOf, isWorthRedirecting, mayRedirect, redirectPath, sendRedirect } from './accel-redirect.js'
import { parseRange } from './ranges.js'
import { reuseTarget } from './reuse-target.js'
import { redirectToService } from './signed-redirect.js'
import { typeWithCharset } from './text-charset.js'

export interface DownloadRequest {
  readonly storage: StorageService
  readonly container: string
  readonly file: string
  readonly req: HttpRequest
  readonly res: HttpResponse
  readonly rules: DownloadRules
  readonly signal: AbortSignal
  /** Attributes that replace those of the file, in a signed URL. */
  readonly responseHeaders?: Pick<Partial<FileInfo>, 'contentType' | HeaderAttribute>
}

/**
 * Sends a file as the response, for applications that define their own routes. Evaluates the range
 * and the conditions of the request (`res.req`), and sets the headers, as the download route of the
 * router does.
 *
 * Resolves when the whole response was passed to the connection. Rejects with a `StorageError` if
 * there is no file to send; nothing has been sent then, see `sendError`. Rejects also if sending
 * fails, and closes the connection then.
 */
export async function download<Req extends IncomingMessage = IncomingMessage>(
  storage: StorageService,
  container: string,
  file: string,
  res: ServerResponse,
  options: DownloadOptions<Req> = {},
): Promise<void> {
  checkStorage(storage)
  checkNames('download', options)
  // Req is the framework's request, which is the one passed in at run time.
  const rules = downloadRules(storage, options as DownloadOptions<HttpRequest>)
  await turnOf(res.req, res)
  await sendFile({ storage, container, file, req: res.req, res, rules, signal: responseSignal(res) })
}

/** `GET` and `HEAD /:container/download/*file` */
export async function sendDownload(context: RequestContext): Promise<void> {
  const { storage, container, file, req, res, rules } = context
  await context.authorize('download', container, file)
  await sendFile({ storage, container, file, req, res, rules: rules.download, signal: context.responseSignal })
}

/** Sends a file, or a range of it, or nothing if the client has it. */
export async function sendFile(job: DownloadRequest): Promise<void> {
  const { storage, container, file, req, res, signal } = job
  const conditions = parseConditions(req.headers)
  if (req.method === 'HEAD') {
    const info = await storage.getFile(container, file, { signal })
    if (conditions !== undefined && isUnchanged(conditions, info)) {
      sendUnchanged(job, info)
    } else {
      const contentType = await typeWithCharset(storage, shown(job, info), signal)
      res.writeHead(200, fileHeaders(job, info, { contentType, length: info.size }))
      res.end()
    }
    return
  }
  if (job.rules.accelRedirect !== undefined && mayRedirect(req) && (await redirectToNginx(job, conditions))) return
  if (job.rules.redirect !== undefined && mayRedirect(req) && (await redirectToStorage(job, conditions))) return
  const { info, opened, partial } = await openVersion(job, conditions)
  if (opened === undefined) {
    sendUnchanged(job, info)
    return
  }
  try {
    const contentType = await typeWithCharset(storage, shown(job, info), signal, opened)
    const headers = fileHeaders(job, info, { contentType, length: opened.length })
    if (partial) {
      headers['Content-Range'] = `bytes ${opened.offset}-${opened.offset + opened.length - 1}/${info.size}`
    }
    res.writeHead(partial ? 206 : 200, headers)
  } catch (error) {
    await opened.close()
    throw error
  }
  if (opened.content !== undefined) res.end(opened.content)
  else await opened.sendTo(res, { reuseBuffers: () => reuseTarget(res) })
}

/**
 * Lets nginx send the file, if the rules and its size allow it. Returns whether a response was
 * sent.
 */
async function redirectToNginx(job: DownloadRequest, conditions: RequestConditions | undefined): Promise<boolean> {
  const { storage, container, file, req, res, rules, signal } = job
  const filesystem = filesystemOf(storage)
  const info = await storage.getFile(container, file, { signal })
  if (conditions !== undefined && isUnchanged(conditions, info)) {
    sendUnchanged(job, info)
    return true
  }
  const location = isWorthRedirecting(req, info.size) ? rules.accelRedirect?.(info, req) : undefined
  if (location === undefined || filesystem === undefined) return false
  const contentType = await typeWithCharset(storage, shown(job, info), signal)
  const headers = fileHeaders(job, info, { contentType, length: info.size })
  sendRedirect(res, headers, redirectPath(filesystem, container, file, location))
  return true
}

/** Lets the service send the file, if the rules allow it. Returns whether a response was sent. */
async function redirectToStorage(job: DownloadRequest, conditions: RequestConditions | undefined): Promise<boolean> {
  const { storage, container, file, req, res, rules, signal } = job
  const info = await storage.getFile(container, file, { signal })
  if (conditions !== undefined && isUnchanged(conditions, info)) {
    sendUnchanged(job, info)
    return true
  }
  if (rules.redirect?.(info, req) !== true) return false
  const contentType = await typeWithCharset(storage, shown(job, info), signal)
  const headers = fileHeaders(job, info, { contentType, length: info.size })
  return redirectToService(res, { storage, container, file, headers, signal })
}

/** Whether the client already has this version. Throws if the conditions exclude it. */
function isUnchanged(conditions: RequestConditions, info: FileInfo): boolean {
  const verdict = evaluateRead(conditions, info)
  if (verdict === 'refused') throw preconditionFailed()
  return verdict === 'unchanged'
}

interface OpenedVersion {
  readonly info: FileInfo
  readonly opened?: OpenedFile
  /** Whether a range was requested and is sent, even if it is the whole file. */
  readonly partial: boolean
}

/**
 * The opened version to send; without `opened` if the client already has it. Most revalidations
 * find an unchanged file, so its information is read before it is opened. The opened version is
 * compared with the conditions again, because it may be newer.
 */
async function openVersion(job: DownloadRequest, conditions: RequestConditions | undefined): Promise<OpenedVersion> {
  const { storage, container, file, signal } = job
  if (conditions?.ifNoneMatch !== undefined || conditions?.ifModifiedSince !== undefined) {
    const info = await storage.getFile(container, file, { signal })
    if (isUnchanged(conditions, info)) return { info, partial: false }
  }
  const { opened, partial } = await openRange(job).catch(async (error: unknown) => {
    // Conditions come before the range (RFC 9110, 13.2.2).
    if (conditions !== undefined && isStorageError(error, 'RANGE_NOT_SATISFIABLE')) {
      isUnchanged(conditions, await storage.getFile(container, file, { signal }))
    }
    throw error
  })
  const { info } = opened
  if (conditions === undefined) return { info, opened, partial }
  const verdict = evaluateRead(conditions, info)
  if (verdict === 'send') return { info, opened, partial }
  await opened.close()
  if (verdict === 'refused') throw preconditionFailed()
  return { info, partial: false }
}

interface Opening {
  readonly opened: OpenedFile
  readonly partial: boolean
}

async function openRange(job: DownloadRequest): Promise<Opening> {
  const range = parseRange(job.req.headers.range)
  if (range === undefined) return openWhole(job)
  const ifRange = job.req.headers['if-range']
  if (typeof ifRange !== 'string') return openPart(job, range)
  const etag = await strongTag(job, ifRange)
  if (etag === undefined) return openWhole(job)
  return openPart(job, range, etag).catch((error: unknown) => {
    if (isStorageError(error, 'PRECONDITION_FAILED')) return openWhole(job)
    throw error
  })
}

async function openPart(job: DownloadRequest, range: ByteRange, ifMatch?: string): Promise<Opening> {
  const { storage, container, file, signal } = job
  try {
    return { opened: await storage.openFile(container, file, { signal, range, ifMatch }), partial: true }
  } catch (error) {
    // The last bytes of an empty file, and those from the first on, are the whole file, which no
    // Content-Range can express (RFC 9110, 14.1.2). Players and clients with a size limit send such
    // ranges for every file.
    const isEmpty = isStorageError(error, 'RANGE_NOT_SATISFIABLE') && error.details.size === 0
    if (isEmpty && (range.start === 0 || (range.suffix ?? 0) > 0)) return openWhole(job)
    throw error
  }
}

async function openWhole({ storage, container, file, signal }: DownloadRequest): Promise<Opening> {
  return { opened: await storage.openFile(container, file, { signal }), partial: false }
}

/**
 * The ETag that the file must have for If-Range to be true; `undefined` if it cannot be true (RFC
 * 9110, 13.1.5).
 */
async function strongTag({ storage, container, file, signal }: DownloadRequest, ifRange: string) {
  if (/^"[!#-~\x80-\xff]*"$/.test(ifRange)) return ifRange
  const date = parseDate(ifRange)
  if (date === undefined) return undefined
  const { etag, mtime } = await storage.getFile(container, file, { signal })
  const modified = lastModified(mtime)
  // Another change may follow within the same second, which the date would not show.
  const strong = Date.now() / 1000 - modified >= 2
  return strong && modified === date ? etag : undefined
}

/** The file with the attributes that the response has. */
const shown = ({ responseHeaders }: DownloadRequest, info: FileInfo): FileInfo => ({ ...info, ...responseHeaders })

/** The attributes that are sent as they are stored. The two others have a default. */
const plainAttributes = headerAttributeNames.filter((name) => name !== 'cacheControl' && name !== 'contentDisposition')

function fileHeaders(
  job: DownloadRequest,
  stored: FileInfo,
  { contentType, length }: { readonly contentType: string; readonly length: number },
): OutgoingHttpHeaders {
  const info = shown(job, stored)
  const headers: OutgoingHttpHeaders = {
    'Content-Type': headerSafe(contentType) ?? unknownContentType,
    'Content-Length': length,
    'Content-Disposition': contentDisposition(job.file, info.contentType, info.contentDisposition),
    'Accept-Ranges': 'bytes',
    ...validators(job, info),
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': contentSecurityPolicy(info.contentType),
  }
  for (const name of plainAttributes) {
    const value = headerSafe(info[name])
    if (value !== undefined) headers[headerAttributes[name].header] = value
  }
  return finished(job, info, headers)
}

const validators = ({ rules, req }: DownloadRequest, info: FileInfo) => ({
  ETag: info.etag,
  'Last-Modified': info.mtime.toUTCString(),
  'Cache-Control': headerSafe(info.cacheControl) ?? rules.cacheControl(info, req),
})

/** Adds the headers of the application, and always `no-transform`. */
function finished(
  { req, res, rules }: DownloadRequest,
  info: FileInfo,
  headers: OutgoingHttpHeaders,
): OutgoingHttpHeaders {
  if (rules.headers !== undefined) addHeaders(headers, rules.headers(info, req) ?? {})
  const cacheControl = headers['Cache-Control'] ?? res.getHeader('Cache-Control') ?? ''
  headers['Cache-Control'] = untransformed(String(cacheControl))
  return headers
}

/**
 * Adds the headers of the application, in the spelling that is already used; `undefined` removes a
 * header.
 */
function addHeaders(headers: OutgoingHttpHeaders, given: OutgoingHttpHeaders): void {
  const ours = Object.keys(headers)
  for (const [name, value] of Object.entries(given)) {
    const known = ours.find((our) => our.toLowerCase() === name.toLowerCase()) ?? name
    if (value === undefined) delete headers[known]
    else headers[known] = value
  }
}

/** The value, or `undefined` if another program stored a value that a header cannot contain. */
function headerSafe(value: string | undefined): string | undefined {
  return value !== undefined && /^[\t -~\x80-\xff]*$/.test(value) ? value : undefined
}

/**
 * Sends 304 with the headers of the 200 response, except those of the content (RFC 9110, 15.4.5).
 */
function sendUnchanged(job: DownloadRequest, stored: FileInfo): void {
  const info = shown(job, stored)
  const headers = finished(job, info, validators(job, info))
  job.res.writeHead(304, Object.fromEntries(Object.entries(headers).filter(([name]) => !/^content-/i.test(name))))
  job.res.end()
}
