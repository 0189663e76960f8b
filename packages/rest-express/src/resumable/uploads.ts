/** The routes of resumable uploads. Each request goes to the protocol that it speaks. */
import { RequestError } from '../http/request-error.js'
import type { RequestContext } from '../routes/request-context.js'
import { ietf } from './ietf.js'
import { speaksIetf } from './ietf-fields.js'
import { tus } from './tus.js'
import type { UploadProtocol } from './upload-protocol.js'
import { rulesOf } from './upload-url.js'

/** `OPTIONS`: what the server supports, in both protocols. */
export async function describeUploads(context: RequestContext): Promise<void> {
  const headers = { ...tus.describe(context), ...ietf.describe(context), 'Cache-Control': 'no-store' }
  context.res.writeHead(204, headers).end()
}

/** `OPTIONS /:container/files/*file`: PUT starts uploads of the IETF's protocol. */
export async function describeFile(context: RequestContext): Promise<void> {
  context.res.writeHead(204, { ...ietf.describe(context), 'Cache-Control': 'no-store' }).end()
}

/** `POST /:container/uploads`: starts an upload. */
export async function createUpload(context: RequestContext): Promise<void> {
  const { headers } = context.req
  const isTus = headers['tus-resumable'] !== undefined || !speaksIetf(context.req)
  await (isTus ? tus : ietf).create(context)
}

/** `HEAD /:container/uploads/:ticket`: how far the upload is. */
export async function getUpload(context: RequestContext): Promise<void> {
  await protocolOf(context).look(context)
}

/**
 * `GET /:container/uploads/:ticket`: as HEAD in the IETF's protocol, without content. tus has no
 * GET, and 200 without content would pass for an empty file.
 */
export async function getUploadState(context: RequestContext): Promise<void> {
  const protocol = protocolOf(context)
  if (protocol === tus) throw notAllowed()
  await protocol.look(context)
}

/** `PATCH /:container/uploads/:ticket`: stores the bytes that follow. */
export async function appendToUpload(context: RequestContext): Promise<void> {
  await protocolOf(context).append(context)
}

/** `DELETE /:container/uploads/:ticket`: ends the upload. A completed file stays. */
export async function deleteUpload(context: RequestContext): Promise<void> {
  await protocolOf(context).end(context)
}

/**
 * `POST /:container/uploads/:ticket` with `X-HTTP-Method-Override`, for clients that cannot send
 * PATCH or DELETE.
 */
export async function overrideMethod(context: RequestContext): Promise<void> {
  const method = context.req.headers['x-http-method-override']
  if (method === 'PATCH') return appendToUpload(context)
  if (method === 'DELETE') return deleteUpload(context)
  throw notAllowed()
}

function notAllowed(): RequestError {
  const allow = 'HEAD, PATCH, DELETE, OPTIONS'
  return new RequestError(405, 'METHOD_NOT_ALLOWED', `method not allowed (allowed: ${allow})`, { Allow: allow })
}

/** Requests of the IETF's final version to an upload may have no field that names the protocol. */
function protocolOf(context: RequestContext): UploadProtocol {
  const { req, file } = context
  if (req.headers['tus-resumable'] !== undefined) return tus
  if (speaksIetf(req)) return ietf
  const ticket = rulesOf(context).tickets.open(file)
  return ticket === undefined || ticket.ietf ? ietf : tus
}
