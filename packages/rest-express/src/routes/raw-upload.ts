/**
 * Raw uploads: the body of the request is the file. The fastest way to upload.
 */

import {
  isStorageError,
  StorageError,
  unknownContentType,
  type WriteConditions,
  type WriteOptions,
} from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { writeConditions } from '../http/conditions.js'
import { contentEncoding } from '../http/content-coding.js'
import { parseDigests, withSha512 } from '../http/digests.js'
import { normalDisposition } from '../http/disposition.js'
import { fileJson, sendJson } from '../http/json.js'
import { spaced } from '../http/media-type.js'
import type { HttpRequest } from '../http/messages.js'
import { RequestBody, statedSize } from '../http/request-body.js'
import { essence, type IncomingFile } from '../options.js'
import type { RequestContext } from './request-context.js'
import { accept } from './upload-rules.js'

/** `PUT /:container/files/*file`: 201 if the file is new, 200 if it replaced one. */
export async function receiveFile(context: RequestContext): Promise<void> {
  await storePut(context, await acceptedPut(context, statedSize(context.req)))
}

/** Stores the body as the file in the path, and responds. */
export async function storePut(context: RequestContext, write: WriteOptions): Promise<void> {
  const { storage, container, file, req, res, rules, requestSignal: signal } = context
  const { checksums, sha512 } = parseDigests(req.headers)
  const replaces = await willReplace(context, file, write)
  const body = new RequestBody(req, res, rules.upload.idleTimeout)
  const written = await storage.putFile(container, file, sha512 === undefined ? body : withSha512(body, sha512), {
    ...write,
    checksums,
    signal,
  })
  sendJson(res, (replaces ?? written.replaced) ? 200 : 201, fileJson(written), { ETag: written.etag })
}

/**
 * How the file in the path is written, if `authorize` and the upload's rules accept it.
 *
 * @param size Bytes of the whole file, if known.
 */
export async function acceptedPut(context: RequestContext, size: number | undefined) {
  await context.authorize('putFile', context.container, context.file)
  return acceptPut(context, size)
}

/** How the file in the path is written, if the upload's rules accept it. */
export async function acceptPut(context: RequestContext, size: number | undefined) {
  const { storage, container, file, req, res, rules, requestSignal: signal } = context
  checkPartial(req)
  const contentType = statedType(req)
  const incoming: IncomingFile = {
    container,
    name: file,
    type: essence(contentType ?? unknownContentType),
    ...defined({ size }),
  }
  const { write } = await accept(storage, rules.upload, incoming, contentType, { req, res })
  const attributes = statedAttributes(req)
  const conditions = await writeConditions(req.headers, storage, container, file, signal)
  return { ...write, ...conditions, ...attributes }
}

/** A part of a file must not be stored as the whole file (RFC 9110, 14.5). */
function checkPartial(req: HttpRequest): void {
  if (req.headers['content-range'] === undefined) return
  throw new StorageError('INVALID_ARGUMENT', 'Content-Range is not supported: send the whole file')
}

/**
 * The type that the client states, except the default of curl and HTML forms, which says nothing
 * about the file.
 */
export function statedType(req: HttpRequest): string | undefined {
  const header = req.headers['content-type']
  return header === undefined || essence(header) === 'application/x-www-form-urlencoded' ? undefined : spaced(header)
}

/** The attributes in the head of a request, which are stored with the file. */
export function statedAttributes({ headers }: HttpRequest) {
  const disposition = headers['content-disposition']
  return defined({
    contentEncoding: contentEncoding(headers['content-encoding'] ?? 'identity'),
    contentLanguage: headers['content-language'],
    contentDisposition: disposition === undefined ? undefined : normalDisposition(disposition),
  })
}

/**
 * Whether the write replaces a file, if the storage does not report it. Must be called before the
 * file is written: afterwards it exists in any case.
 */
export async function willReplace(
  { storage, container, requestSignal: signal }: RequestContext,
  file: string,
  { ifMatch, ifNoneMatch }: WriteConditions,
): Promise<boolean | undefined> {
  if (storage.capabilities.tellsReplaced) return undefined
  if (ifNoneMatch !== undefined) return false
  if (ifMatch !== undefined) return true
  try {
    return await storage.hasFile(container, file, { signal })
  } catch (error) {
    // Without permission to read, the file is reported as new.
    if (isStorageError(error, 'PERMISSION_DENIED')) return false
    throw error
  }
}
