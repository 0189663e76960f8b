/**
 * `@uppy/aws-s3` 6 with `signRequest`: the page asks for a URL for each request of S3's API. Parts
 * go to the service where it can receive them. All other requests go to the router, which responds
 * in S3's XML, so that nothing escapes the rules of uploads.
 */

import { sendJson } from '../http/json.js'
import { readJson } from '../http/json-body.js'
import type { RequestContext } from '../routes/request-context.js'
import { invalid } from './direct-uploads.js'
import { acceptDirect, nameDirect } from './incoming.js'
import { openTicket } from './open-ticket.js'
import { permittedUrl } from './own-urls.js'
import { partUrls } from './part-urls.js'

/** `POST /:container/direct/sign`: returns the URL for one request. */
export async function signRequest(context: RequestContext): Promise<void> {
  const { method, key, uploadId, partNumber, contentType } = await readJson(context)
  if (typeof key !== 'string') throw invalid('key', 'key must be the name of a file')
  if (uploadId === undefined) return signFile(context, { method, key, contentType })
  if (typeof uploadId !== 'string') throw invalid('uploadId', 'uploadId must be the id of an upload')
  const ticket = await openTicket(context, uploadId, key)
  if (method === 'PUT') {
    if (typeof partNumber !== 'number') throw invalid('partNumber', 'partNumber must be a number')
    const range = { from: partNumber, to: partNumber, needsETag: true }
    const [part] = await partUrls(context, ticket.upload, range)
    return send(context, { url: part?.url, headers: part?.headers })
  }
  if (method !== 'GET' && method !== 'POST' && method !== 'DELETE') throw unknownMethod()
  send(context, { url: permittedUrl(context, { action: 'upload', ticket }).url })
}

/** A request that names no upload: a whole file, or the start of an upload. */
async function signFile(
  context: RequestContext,
  { method, key, contentType }: { readonly method: unknown; readonly key: string; readonly contentType: unknown },
): Promise<void> {
  const { container } = context
  if (method !== 'PUT' && method !== 'POST') throw unknownMethod()
  const type = typeof contentType === 'string' ? { contentType } : {}
  const file = await nameDirect(context, { name: key, ...type })
  if (method === 'PUT') await acceptDirect(context, file)
  const { url } = permittedUrl(context, { action: method === 'PUT' ? 'file' : 'start', container, file })
  send(context, { url, key: file.file })
}

const unknownMethod = () => invalid('method', 'the router signs uploads: PUT and POST, and GET and DELETE of an upload')

const send = ({ res }: RequestContext, json: object) =>
  sendJson(res, 200, JSON.stringify(json), { 'Cache-Control': 'no-store' })
