/** Requests that store one part of an upload, at a URL that was signed for the router. */
import { createHash } from 'node:crypto'
import type { PartUpload, UploadedPart } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { RequestBody } from '../http/request-body.js'
import type { RequestContext } from '../routes/request-context.js'

/** What the URL allows. */
export interface AllowedPart {
  /** No part is larger than `partSize`. */
  readonly upload: PartUpload
  readonly partNumber: number
  /** Bytes, if known. */
  readonly size?: number
}

/** Stores the part, and responds with its ETag. */
export async function receivePart(
  { req, res, storage, rules, requestSignal: signal }: RequestContext,
  { upload, partNumber, size }: AllowedPart,
): Promise<void> {
  const body = new RequestBody(req, res, rules.upload.idleTimeout)
  const part = await storage.uploadPart(upload, partNumber, body, { signal, ...defined({ size }) })
  res.writeHead(204, { ETag: etagOf(part), 'Cache-Control': 'no-store' })
  res.end()
}

/** The ETag of a part, as a client of the router sees it. */
export const etagOf = ({ etag, tag }: UploadedPart): string =>
  etag ?? `"${createHash('sha256').update(tag).digest('hex').slice(0, 32)}"`
