/** The checks of a file whose upload starts: the upload's rules and `authorize` decide. */
import {
  isStorageError,
  type StartResumableUploadOptions,
  unknownContentType,
  type WriteConditions,
  type WriteOptions,
} from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { formName } from '../forms/form-file.js'
import { preconditionFailed, writeConditions } from '../http/conditions.js'
import { essence, type IncomingFile } from '../options.js'
import type { RequestContext } from '../routes/request-context.js'
import { accept } from '../routes/upload-rules.js'

/** A file that a client is about to upload, as it describes it. */
export interface DescribedFile {
  readonly name: string
  /** The media type, with parameters; `undefined` if the client states none. */
  readonly contentType: string | undefined
  /** Bytes, if known. */
  readonly size: number | undefined
}

/**
 * Returns the name of a file and how it is written, if the upload's rules and `authorize` accept
 * it.
 */
export async function acceptedFile(context: RequestContext, described: DescribedFile) {
  const { storage, container, req, res, rules } = context
  const { name, contentType, size } = described
  const type = essence(contentType ?? unknownContentType)
  const incoming: IncomingFile = { container, name, type, ...defined({ size }) }
  await context.authorize('putFile', container)
  const file = await formName(incoming, rules.upload, { req, res })
  await context.authorize('putFile', container, file)
  const named = file === name ? incoming : { ...incoming, name: file, originalFilename: name }
  const { write } = await accept(storage, rules.upload, named, contentType, { req, res })
  const conditions = await writeConditions(req.headers, storage, container, file, context.requestSignal)
  await checkConditions(context, file, conditions)
  return { file, write: { ...startOptions(write), ...conditions } }
}

/**
 * Refuses early what the storage would refuse when the upload is completed, which spares the client
 * the whole upload.
 */
export async function checkConditions(
  { storage, container, requestSignal: signal }: RequestContext,
  file: string,
  { ifMatch, ifNoneMatch }: WriteConditions,
): Promise<void> {
  if (ifMatch === undefined && ifNoneMatch === undefined) return
  const info = await storage.getFile(container, file, { signal }).catch((error: unknown) => {
    if (isStorageError(error, 'FILE_NOT_FOUND')) return undefined
    throw error
  })
  const matches = ifNoneMatch === '*' ? info === undefined : info && (ifMatch === '*' || ifMatch === info.etag)
  if (!matches) throw preconditionFailed()
}

/** The options of a write without those that the start of an upload does not have. */
export function startOptions(write: WriteOptions): StartResumableUploadOptions {
  const { signal: _, onProgress: __, detectContentType: ___, parallelism: ____, checksums: _____, ...start } = write
  return start
}
