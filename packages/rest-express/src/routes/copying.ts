/**
 * Routes beside `upload` that name files in their body: copies, moves, and the removal of many files. A file's name can't collide with
 * them, since names only stand below `files/` and `download/`.
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
import { errorAnswer } from '../http/errors.js'
import { fileJson, sendJson } from '../http/json.js'
import { readJson } from '../http/json-body.js'
import { type Exchange, isServerFailure } from './request-context.js'

/** Names of one batch removal: a name costs the client a few bytes, and the storage a file's removal. */
const maxRemovals = 1000

const invalid = (property: string, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })

/**
 * `POST /:container/copy` with `{"file":"a.txt","to":{"container":"other","file":"b.txt"}}`. Completes when the client
 * closes the connection, as every change whose request has arrived whole.
 */
export async function copyFile(exchange: Exchange): Promise<void> {
  const { source, target, options } = await readCopy(exchange, false)
  const copied = await exchange.storage.copyFile(source, target, options)
  sendJson(exchange.res, 200, fileJson(copied), { ETag: copied.etag })
}

/** `POST /:container/move`, as `copy`. */
export async function moveFile(exchange: Exchange): Promise<void> {
  const { source, target, options } = await readCopy(exchange, true)
  const moved = await exchange.storage.moveFile(source, target, options)
  sendJson(exchange.res, 200, fileJson(moved), { ETag: moved.etag })
}

/** `POST /:container/remove` with `{"files":["a.txt","b.txt"]}`. A name that is given twice is one file. */
export async function removeFiles(exchange: Exchange): Promise<void> {
  const { storage, container, res } = exchange
  const { files } = await readJson(exchange)
  if (!Array.isArray(files) || files.length === 0) throw invalid('files', 'files must be a list of names')
  if (files.length > maxRemovals) {
    throw new StorageError('TOO_LARGE', `a request removes at most ${maxRemovals} files, not ${files.length}`)
  }
  const names: string[] = files.map((name: unknown) => {
    checkFileName(name)
    return name
  })
  for (const name of new Set(names)) await exchange.authorize('removeFile', container, name)
  const outcomes = await storage.removeFiles(container, names)
  const answers = outcomes.map(({ file, error }) => {
    if (error === undefined) return { file }
    const { statusCode, code, message } = errorAnswer(error)
    if (isServerFailure(statusCode)) exchange.report('removeFile', error)
    return { file, error: { statusCode, name: 'Error', message, code } }
  })
  sendJson(res, 200, JSON.stringify(answers))
}

async function readCopy(
  exchange: Exchange,
  move: boolean,
): Promise<{ source: FileLocation; target: FileLocation; options: CopyFileOptions }> {
  const { storage, container, req } = exchange
  const { file, to, attributes } = await readJson(exchange)
  checkFileName(file)
  if (typeof to !== 'object' || to === null) {
    throw invalid('to', 'to must say where: {"container":"other","file":"b.txt"}, or one of the two')
  }
  const place: { container?: unknown; file?: unknown } = to
  const source = { container, file }
  const target = {
    container: name('to.container', place.container, container),
    file: name('to.file', place.file, file),
  }
  await exchange.authorize('download', source.container, source.file)
  await exchange.authorize('putFile', target.container, target.file)
  if (move) await exchange.authorize('removeFile', source.container, source.file)
  const conditions = await writeConditions(req.headers, storage, target.container, target.file)
  return { source, target, options: { ...conditions, ...readAttributes(attributes) } }
}

function name(property: string, value: unknown, otherwise: string): string {
  if (value === undefined) return otherwise
  if (typeof value === 'string') return value
  throw invalid(property, `${property} must be a name`)
}

/** Those that a raw upload takes from its headers are stored in the same form. */
function normalAttributes(attributes: FileAttributes): FileAttributes {
  const { contentDisposition, contentEncoding: encoding } = attributes
  return {
    ...attributes,
    ...(typeof contentDisposition === 'string' ? { contentDisposition: normalDisposition(contentDisposition) } : {}),
    ...(typeof encoding === 'string' ? { contentEncoding: contentEncoding(encoding) } : {}),
  }
}

/** The attributes that replace the source's. Core checks them one by one. */
function readAttributes(attributes: unknown): Pick<CopyFileOptions, 'attributes'> {
  if (attributes === undefined) return {}
  if (typeof attributes === 'object' && attributes !== null && !Array.isArray(attributes)) {
    return { attributes: normalAttributes(attributes) }
  }
  throw invalid('attributes', 'attributes must be an object, such as {"contentType":"text/plain"}')
}
