/**
 * The routes that return a file's information and delete a file.
 */
import { evaluateRead, parseConditions, preconditionFailed, writeConditions } from '../http/conditions.js'
import { fileJson, jsonHeaders, sendJson, untransformed } from '../http/json.js'
import type { RequestContext } from './request-context.js'

/** `GET` and `HEAD /:container/files/*file`. ETag and Last-Modified are those of the file. */
export async function getFile(context: RequestContext): Promise<void> {
  const { storage, container, file, req, res, responseSignal: signal } = context
  await context.authorize('getFile', container, file)
  const info = await storage.getFile(container, file, { signal })
  const validators = { ETag: info.etag, 'Last-Modified': info.mtime.toUTCString() }
  const conditions = parseConditions(req.headers)
  const verdict = conditions === undefined ? 'send' : evaluateRead(conditions, info)
  if (verdict === 'refused') throw preconditionFailed()
  if (verdict === 'send') sendJson(res, 200, fileJson(info), validators)
  else res.writeHead(304, { ...validators, 'Cache-Control': untransformed(jsonHeaders['Cache-Control']) }).end()
}

/** `DELETE /:container/files/*file`; with If-Match, deletes only that version. */
export async function removeFile(context: RequestContext): Promise<void> {
  const { storage, container, file, req, res } = context
  await context.authorize('removeFile', container, file)
  const { ifMatch, ifNoneMatch } = await writeConditions(req.headers, storage, container, file)
  if (ifNoneMatch !== undefined) throw preconditionFailed()
  await storage.removeFile(container, file, ifMatch === undefined || ifMatch === '*' ? {} : { ifMatch })
  sendJson(res, 200, '{}')
}
