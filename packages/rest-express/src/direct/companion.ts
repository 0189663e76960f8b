/**
 * The requests of `@uppy/aws-s3` with `companionEndpoint`, releases 4 to 6. `uploadId` is a ticket,
 * and `key` the name of the file, which must be that in the ticket. There are no temporary
 * credentials (`/s3/sts`).
 */
import type { DirectPartClaim } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { sendJson } from '../http/json.js'
import { readJson } from '../http/json-body.js'
import type { RequestContext } from '../routes/request-context.js'
import { abortUpload, completeUpload, invalid, issueTicket } from './direct-uploads.js'
import { acceptDirect, nameDirect } from './incoming.js'
import { openTicket, rulesOf } from './open-ticket.js'
import { fileUrl, permittedUrl } from './own-urls.js'
import { etagOf } from './part-body.js'
import { partUrls } from './part-urls.js'
import { startUnsized } from './unsized.js'

/** Parts in one request of older releases. */
const maxBatch = 1000

const send = ({ res }: RequestContext, json: object) =>
  sendJson(res, 200, JSON.stringify(json), { 'Cache-Control': 'no-store' })

/**
 * `GET /:container/direct/s3/params`: where to post a small file, as a form. That is the router.
 */
export async function getFormUrl(context: RequestContext): Promise<void> {
  const { query, container } = context
  const named = await nameDirect(context, fileOf({ filename: query.get('filename'), type: query.get('type') }))
  const size = sizeIn(query.get('metadata[size]'))
  const file = { ...named, ...defined({ size }) }
  await acceptDirect(context, file)
  const { url } = permittedUrl(context, { action: 'file', container, file })
  send(context, { method: 'POST', url, fields: { key: file.file }, expires: rulesOf(context).urlLifetime })
}

/** `POST /:container/direct/s3/multipart`: starts an upload. */
export async function startMultipart(context: RequestContext): Promise<void> {
  const { filename, type, metadata } = await readJson(context)
  const named = await nameDirect(context, fileOf({ filename, type }))
  const size = sizeIn((metadata as Readonly<Record<string, unknown>> | undefined)?.['size'])
  const upload = await startUnsized(context, { ...named, ...defined({ size }) })
  const { ticket } = await issueTicket(context, upload)
  send(context, { key: upload.file, uploadId: ticket, bucket: context.container })
}

function fileOf({ filename, type }: { readonly filename: unknown; readonly type: unknown }) {
  if (typeof filename !== 'string') throw invalid('filename', 'filename must be a name')
  return { name: filename, ...(typeof type === 'string' && type !== '' ? { contentType: type } : {}) }
}

/** Bytes, if the page has put them into the metadata of the file. */
function sizeIn(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const text = String(value)
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw invalid('metadata', 'size in the metadata must be a whole number of bytes')
}

const openMultipart = (context: RequestContext) => openTicket(context, context.file, context.query.get('key') ?? '')

/** `GET /:container/direct/s3/multipart/:ticket`: lists the parts that are stored. */
export async function listMultipart(context: RequestContext): Promise<void> {
  const { upload } = await openMultipart(context)
  const parts = await Array.fromAsync(context.storage.parts(upload, { signal: context.responseSignal }))
  const json = parts.map((part) => ({ PartNumber: part.partNumber, Size: part.size, ETag: etagOf(part) }))
  send(context, json)
}

/** `GET /:container/direct/s3/multipart/:ticket/:partNumber`: where to send one part. */
export async function signMultipart(context: RequestContext): Promise<void> {
  const { upload } = await openMultipart(context)
  const partNumber = numberOf(context.part)
  const [part] = await partUrls(context, upload, { from: partNumber, to: partNumber, needsETag: true })
  send(context, { url: part?.url, expires: rulesOf(context).urlLifetime })
}

/** `GET /:container/direct/s3/multipart/:ticket/batch`: where to send several parts. */
export async function signBatch(context: RequestContext): Promise<void> {
  const { upload } = await openMultipart(context)
  const numbers = (context.query.get('partNumbers') ?? '').split(',').map(numberOf)
  if (numbers.length > maxBatch) throw invalid('partNumbers', `one request returns at most ${maxBatch} URLs`)
  const urls = await Promise.all(
    numbers.map(async (from) => {
      const [part] = await partUrls(context, upload, { from, to: from, needsETag: true })
      return [from, part?.url] as const
    }),
  )
  send(context, { presignedUrls: Object.fromEntries(urls), expires: rulesOf(context).urlLifetime })
}

function numberOf(text: string | undefined): number {
  if (text !== undefined && /^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw invalid('partNumber', 'the number of a part must be a whole number from 1')
}

/** `POST /:container/direct/s3/multipart/:ticket/complete`: makes the file visible. */
export async function completeMultipart(context: RequestContext): Promise<void> {
  const ticket = await openMultipart(context)
  const { parts } = await readJson(context)
  const { name } = await completeUpload(context, ticket, claimsOf(parts))
  send(context, { location: fileUrl(context, name), key: name, bucket: context.container })
}

function claimsOf(parts: unknown): DirectPartClaim[] {
  if (!Array.isArray(parts)) throw invalid('parts', 'parts must be a list of the parts that were sent')
  return parts.map((part: Readonly<Record<string, unknown>> | null) => {
    // Their values are checked by core.
    const { PartNumber, ETag } = part ?? {}
    return defined({ partNumber: PartNumber as number, etag: ETag as string | undefined })
  })
}

/**
 * `DELETE /:container/direct/s3/multipart/:ticket`: deletes what was sent. A completed file stays.
 */
export async function deleteMultipart(context: RequestContext): Promise<void> {
  const { upload } = await openMultipart(context)
  await abortUpload(context, upload)
  send(context, {})
}
