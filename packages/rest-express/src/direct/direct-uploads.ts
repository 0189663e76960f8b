/** The API of direct uploads, in JSON. Nothing is visible before the completion. */
import { type DirectPartClaim, type ResumableUpload, StorageError } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { fileJson, sendJson } from '../http/json.js'
import { readForm, readJson } from '../http/json-body.js'
import { fromHook, type RequestContext } from '../routes/request-context.js'
import { policyOfUpload } from '../routes/upload-rules.js'
import type { DirectTicket } from './direct-tickets.js'
import { acceptDirect, nameDirect } from './incoming.js'
import { openTicket, ownerOf, rulesOf } from './open-ticket.js'
import { goesToService, lastPart, partUrls } from './part-urls.js'

/** URLs in one response. */
const maxUrls = 1000
/** URLs in the response to the creation. A client asks for more when it needs them. */
const firstUrls = 100

/** Returns the ticket of a new upload, and when it expires. */
export async function issueTicket(context: RequestContext, upload: ResumableUpload) {
  const { tickets, maxAge } = rulesOf(context)
  const content: DirectTicket = { upload, expires: Date.now() + maxAge, ...defined({ owner: await ownerOf(context) }) }
  return { ticket: tickets.seal(content), expires: new Date(content.expires) }
}

/** `POST /:container/direct`: starts an upload. */
export async function createDirectUpload(context: RequestContext): Promise<void> {
  const { storage, container, res, requestSignal: signal } = context
  const { file, size, contentType, conditions = {}, ...rest } = await readJson(context)
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw invalid(unknown, `unknown property ${JSON.stringify(unknown)}`)
  if (typeof file !== 'string') throw invalid('file', 'file must be a name')
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid('size', 'size must be a whole number of bytes')
  }
  if (contentType !== undefined && typeof contentType !== 'string') {
    throw invalid('contentType', 'contentType must be a media type')
  }
  const named = await nameDirect(context, { name: file, size, ...defined({ contentType }) })
  const options = { ...(await acceptDirect(context, named)), ...conditionsOf(conditions), size, signal }
  const upload = await storage.createDirectUpload(container, named.file, options)
  const { ticket, expires } = await issueTicket(context, upload)
  const count = lastPart(upload) ?? 0
  const parts = await partUrls(context, upload, { from: 1, to: Math.min(firstUrls, count) })
  const { partSize } = upload
  const kind = 'parts'
  const direct = goesToService(context, upload)
  sendJson(
    res,
    201,
    JSON.stringify({ kind, container, file: named.file, size, direct, partSize, count, parts, ticket, expires }),
  )
}

/** The conditions of the completion, as a client states them. */
function conditionsOf(conditions: unknown) {
  if (typeof conditions !== 'object' || conditions === null) throw invalid('conditions', 'conditions must be an object')
  const { ifMatch, ifNoneMatch, ...rest } = conditions as Readonly<Record<string, unknown>>
  if (Object.keys(rest).length > 0) throw invalid('conditions', 'conditions must have only ifMatch and ifNoneMatch')
  // Their values are checked by core.
  return defined({ ifMatch, ifNoneMatch }) as { readonly ifMatch?: string; readonly ifNoneMatch?: '*' }
}

/** `GET /:container/direct/:ticket`: which parts are stored. */
export async function getDirectUpload(context: RequestContext): Promise<void> {
  const { storage, res, responseSignal: signal } = context
  const { upload, expires } = await openTicket(context)
  const { container, file, size, partSize } = upload
  const stored = await Array.fromAsync(storage.parts(upload, { signal }))
  const parts = stored.map(({ partNumber, size }) => ({ partNumber, size }))
  const count = lastPart(upload)
  const json = { container, file, size, partSize, count, parts, expires: new Date(expires) }
  sendJson(res, 200, JSON.stringify(json), { 'Cache-Control': 'no-store' })
}

/** `POST /:container/direct/:ticket/parts?from=&to=`: new URLs for parts. */
export async function signDirectParts(context: RequestContext): Promise<void> {
  const { upload } = await openTicket(context)
  const last = lastPart(upload) ?? 0
  const from = partNumber(context, 'from', 1, last)
  const to = partNumber(context, 'to', Math.min(last, from + maxUrls - 1), last)
  if (to - from >= maxUrls) throw invalid('to', `one request returns at most ${maxUrls} URLs`)
  const parts = await partUrls(context, upload, { from, to })
  sendJson(context.res, 200, JSON.stringify({ parts }), { 'Cache-Control': 'no-store' })
}

function partNumber({ query }: RequestContext, property: 'from' | 'to', byDefault: number, last: number): number {
  const text = query.get(property)
  if (text === null) return byDefault
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (value >= 1 && value <= last) return value
  throw invalid(property, `${property} must be the number of a part, from 1 to ${last}`)
}

/** `POST /:container/direct/:ticket/complete`: makes the file visible. */
export async function completeDirectUpload(context: RequestContext): Promise<void> {
  const ticket = await openTicket(context)
  const { parts } = await readForm(context)
  const written = await completeUpload(context, ticket, parts as readonly DirectPartClaim[] | undefined)
  sendJson(context.res, 200, fileJson(written), { ETag: written.etag })
}

/**
 * Completes an upload, also if the client disconnects, and tells the application.
 *
 * @param parts What the client says that it has sent. Core checks it.
 */
export async function completeUpload(
  context: RequestContext,
  { upload }: DirectTicket,
  parts: readonly DirectPartClaim[] | undefined,
) {
  const policy = await policyOfUpload(context, upload)
  const written = await context.storage.completeDirectUpload(upload, { ...policy, ...defined({ parts }) })
  const { onComplete } = rulesOf(context)
  if (onComplete !== undefined) await fromHook(() => onComplete(written, context.req))
  return written
}

/** `DELETE /:container/direct/:ticket`: deletes what was sent. A completed file stays. */
export async function deleteDirectUpload(context: RequestContext): Promise<void> {
  const { upload } = await openTicket(context)
  await abortUpload(context, upload)
  context.res.writeHead(204).end()
}

export const abortUpload = async (context: RequestContext, upload: ResumableUpload): Promise<void> =>
  context.storage.abortResumableUpload(upload, await policyOfUpload(context, upload))

export const invalid = (property: string, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })
