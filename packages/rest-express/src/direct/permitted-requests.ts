/** Requests to URLs that the router has signed. */
import { createHash } from 'node:crypto'
import { StorageError, type UploadedPart } from '@stowage/core'
import { RequestBody } from '../http/request-body.js'
import type { RequestContext } from '../routes/request-context.js'
import type { Permit } from './direct-tickets.js'
import { openPermit } from './open-ticket.js'

/** `PUT /:container/direct/signed/:ticket`: stores one part. */
export async function receivePart(context: RequestContext): Promise<void> {
  const { req, res, storage, rules, requestSignal: signal } = context
  const { upload, partNumber, size }: Permit = openPermit(context)
  const stated = req.headers['content-length']
  if (size !== undefined && stated !== undefined && Number(stated) !== size) {
    throw new StorageError('SIZE_MISMATCH', `part ${partNumber} has ${size} bytes, not ${stated}`)
  }
  const body = new RequestBody(req, res, rules.upload.idleTimeout)
  const target = size === undefined ? { ...upload, partSize: Math.min(upload.partSize, upload.maxSize) } : upload
  const options = size === undefined ? { signal } : { signal, size }
  const part = await storage.uploadPart(target, partNumber, body, options)
  res.writeHead(200, { ETag: etagOf(part), 'Content-Length': 0, 'Cache-Control': 'no-store' })
  res.end()
}

/** The ETag of a part, as a client of the router sees it. */
const etagOf = ({ etag, tag }: UploadedPart): string =>
  etag ?? `"${createHash('sha256').update(tag).digest('hex').slice(0, 32)}"`
