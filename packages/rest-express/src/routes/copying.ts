/**
 * Routes that name files in their body: copies, moves, and the deletion of many files. A file's
 * name cannot collide with them, because names occur only below `files/` and `download/`.
 */
import {
  type CopyFileOptions,
  checkFileName,
  type FileAttributes,
  type FileLocation,
  StorageError,
} from '@stowage/core'
import { writeConditions } from '../http/conditions.js'
import { contentEncoding } from '../http/content-coding.js'
import { normalDisposition } from '../http/disposition.js'
import { errorResponse } from '../http/errors.js'
import { fileJson, sendJson } from '../http/json.js'
import { readJson } from '../http/json-body.js'
import { isServerFailure, type RequestContext } from './request-context.js'

/** Names per batch: a name costs the client a few bytes, and the storage the deletion of a file. */
const maxRemovals = 1000

const invalid = (property: string, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })

/**
 * `POST /:container/copy` with `{"file":"a.txt","to":{"container":"other","file":"b.txt"}}`.
 * Completes even if the client closes the connection, like every write whose request has arrived
 * completely.
 */
export async function copyFile(context: RequestContext): Promise<void> {
  const { source, target, options } = await readCopy(context, false)
  const copied = await context.storage.copyFile(source, target, options)
  sendJson(context.res, 200, fileJson(copied), { ETag: copied.etag })
}

/** `POST /:container/move`, with the body of `copy`. */
export async function moveFile(context: RequestContext): Promise<void> {
  const { source, target, options } = await readCopy(context, true)
  const moved = await context.storage.moveFile(source, target, options)
  sendJson(context.res, 200, fileJson(moved), { ETag: moved.etag })
}

/** `POST /:container/remove` with `{"files":["a.txt","b.txt"]}`. A repeated name counts once. */
export async function removeFiles(context: RequestContext): Promise<void> {
  const { storage, container, res } = context
  const { files } = await readJson(context)
  if (!Array.isArray(files) || files.length === 0) throw invalid('files', 'files must be a non-empty list of names')
  if (files.length > maxRemovals) {
    throw new StorageError('TOO_LARGE', `a request can delete at most ${maxRemovals} files, not ${files.length}`)
  }
  const names: string[] = files.map((name: unknown) => {
    checkFileName(name)
    return name
  })
  for (const name of new Set(names)) await context.authorize('removeFile', container, name)
  const outcomes = await storage.removeFiles(container, names)
  const results = outcomes.map(({ file, error }) => {
    if (error === undefined) return { file }
    const { statusCode, code, message } = errorResponse(error)
    if (isServerFailure(statusCode)) context.report('removeFile', error)
    return { file, error: { statusCode, name: 'Error', message, code } }
  })
  sendJson(res, 200, JSON.stringify(results))
}

async function readCopy(
  context: RequestContext,
  move: boolean,
): Promise<{ source: FileLocation; target: FileLocation; options: CopyFileOptions }> {
  const { storage, container, req } = context
  const { file, to, attributes } = await readJson(context)
  checkFileName(file)
  if (typeof to !== 'object' || to === null) {
    throw invalid('to', 'to must name a container, a file or both: {"container":"other","file":"b.txt"}')
  }
  const { container: toContainer, file: toFile }: { container?: unknown; file?: unknown } = to
  const source = { container, file }
  const target = {
    container: nameOr('to.container', toContainer, container),
    file: nameOr('to.file', toFile, file),
  }
  await context.authorize('download', source.container, source.file)
  await context.authorize('putFile', target.container, target.file)
  if (move) await context.authorize('removeFile', source.container, source.file)
  const conditions = await writeConditions(req.headers, storage, target.container, target.file)
  return { source, target, options: { ...conditions, ...readAttributes(attributes) } }
}

function nameOr(property: string, value: unknown, fallback: string): string {
  if (value === undefined) return fallback
  if (typeof value === 'string') return value
  throw invalid(property, `${property} must be a string`)
}

/**
 * Normalizes the attributes that a raw upload takes from its headers, so that both are stored in
 * the same form.
 */
function normalAttributes(attributes: FileAttributes): FileAttributes {
  const normal = { ...attributes }
  if (typeof normal.contentDisposition === 'string')
    normal.contentDisposition = normalDisposition(normal.contentDisposition)
  if (typeof normal.contentEncoding === 'string') normal.contentEncoding = contentEncoding(normal.contentEncoding)
  return normal
}

/** The attributes that replace those of the source. Core checks each of them. */
function readAttributes(attributes: unknown): Pick<CopyFileOptions, 'attributes'> {
  if (attributes === undefined) return {}
  if (typeof attributes === 'object' && attributes !== null && !Array.isArray(attributes)) {
    return { attributes: normalAttributes(attributes) }
  }
  throw invalid('attributes', 'attributes must be an object, such as {"contentType":"text/plain"}')
}
