import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import {
  type Checksums,
  type CopyCallOptions,
  type FileInfo,
  type FileLocation,
  inParallel,
  isStorageError,
  StorageError,
  type WrittenFile,
} from '@stowage/core/provider'
import { maxParts, minPartSize } from './capabilities.js'
import type { Connection } from './client/connection.js'
import { md5OfEtag, quoted, wholeSeconds } from './client/responses.js'
import { accessAndEncryption, customerKeyOption, nativeAttributes } from './mapping/attributes.js'
import { type NativeWriteConditions, prepareConditions } from './mapping/conditions.js'
import { keyOf } from './mapping/names.js'
import { getFile } from './reader.js'

/** Concurrent requests of one copy. */
const parallelism = 8
/** Milliseconds that the clean-up after a failure may take. */
const cleanUpTime = 30_000

export async function copyFile(
  connection: Connection,
  source: FileLocation,
  target: FileLocation,
  options: CopyCallOptions,
): Promise<WrittenFile> {
  const { signal, conditions, ifSourceMatch } = options
  const info = await getFile(connection, source.container, source.file, {
    signal,
    conditions: ifSourceMatch === undefined ? {} : { ifMatch: ifSourceMatch },
  })
  const native = await prepareConditions(connection, { ...target, conditions, signal })
  const job: CopyJob = { connection, source, target, options, info, native }
  return info.size > connection.options.maxCopySize ? copyInParts(job) : copyInOneRequest(job)
}

interface CopyJob {
  readonly connection: Connection
  readonly source: FileLocation
  readonly target: FileLocation
  readonly options: CopyCallOptions
  readonly info: FileInfo
  readonly native: NativeWriteConditions
  /**
   * Whether the request has no condition on the source, because the service does not recognize the
   * source's ETag.
   */
  readonly unconditional?: boolean
}

/** Returns the parameters for the source: always the version that was read first. */
const copySource = ({ connection, source, info, unconditional = false }: CopyJob) => {
  const { SSECustomerAlgorithm, SSECustomerKey } = connection.customerKey
  const path = `${source.container}/${keyOf(source.file)}`
  return {
    CopySource: path.split('/').map(encodeURIComponent).join('/'),
    CopySourceIfMatch: unconditional ? undefined : info.etag,
    CopySourceSSECustomerAlgorithm: SSECustomerKey && SSECustomerAlgorithm,
    CopySourceSSECustomerKey: SSECustomerKey,
  }
}

/**
 * Returns the checksums that are stored with the source: all except an MD5 from its ETag, since the
 * target's ETag may differ.
 */
function storedChecksums({ etag, checksums }: FileInfo): Checksums {
  const { md5, ...others } = checksums
  return etag === `"${md5}"` ? others : checksums
}

/** Returns the attributes of the target, with the source's stored checksums. */
function targetAttributes({ connection, options, info }: CopyJob) {
  return nativeAttributes(connection, {
    ...options,
    attributes: options.attributes ?? info,
    checksums: storedChecksums(info),
  })
}

async function copyInOneRequest(job: CopyJob): Promise<WrittenFile> {
  const { connection, source, target, options, info, native } = job
  const isSameFile = source.container === target.container && source.file === target.file
  // Services reject a copy of a file onto itself that replaces nothing.
  const replaced = options.attributes !== undefined || isSameFile
  const command = new CopyObjectCommand({
    Bucket: target.container,
    Key: keyOf(target.file),
    ...copySource(job),
    ...native,
    ...(replaced
      ? { MetadataDirective: 'REPLACE', ...targetAttributes(job) }
      : accessAndEncryption(connection, options)),
  })
  const response = await connection
    .send(command, options.signal, { container: target.container, file: target.file })
    .catch((error: unknown) => explainMissing(job, error))
    .catch(async (error: unknown) => {
      if (await isFalseMismatch(job, error)) return undefined
      throw error
    })
  if (response === undefined) return copyInOneRequest({ ...job, unconditional: true })
  const etag = quoted(response.CopyObjectResult?.ETag)
  return {
    ...(options.attributes ?? info),
    container: target.container,
    name: target.file,
    size: info.size,
    etag,
    mtime: wholeSeconds(response.CopyObjectResult?.LastModified),
    checksums: { ...md5OfEtag(etag, response, connection.options.amazon), ...storedChecksums(info) },
  }
}

/**
 * Returns whether a failed condition on the source should have succeeded. Swift's s3api compares it
 * with an ETag other than the one that it returns, if the source was uploaded in parts.
 */
async function isFalseMismatch(job: CopyJob, error: unknown): Promise<boolean> {
  const { connection, source, options, info, native, unconditional } = job
  const underConditions = native.IfMatch !== undefined || native.IfNoneMatch !== undefined
  if (unconditional || underConditions || !isStorageError(error, 'PRECONDITION_FAILED')) return false
  const { signal } = options
  const current = await getFile(connection, source.container, source.file, { signal, conditions: {} })
  return current.etag === info.etag
}

/**
 * Finds out whether the source or the target is missing, which the service does not report. The
 * source existed a moment ago.
 */
async function explainMissing({ connection, source, options }: CopyJob, error: unknown): Promise<never> {
  if (isStorageError(error, 'FILE_NOT_FOUND')) {
    await getFile(connection, source.container, source.file, { signal: options.signal, conditions: {} })
    if (options.conditions.ifMatch !== undefined) {
      throw new StorageError('PRECONDITION_FAILED', 'the file does not exist', { cause: error.cause })
    }
  }
  throw error
}

/**
 * Copies a file that is too large for one request, in ranges, as the parts of a multipart upload.
 */
async function copyInParts(job: CopyJob): Promise<WrittenFile> {
  const { connection, target, options, info } = job
  const { signal } = options
  const address = { Bucket: target.container, Key: keyOf(target.file) }
  const resource = { ...target, upload: true }
  const started = await connection.send(
    new CreateMultipartUploadCommand({ ...address, ...targetAttributes(job) }),
    signal,
    target,
  )
  const upload = { ...address, UploadId: started.UploadId }
  try {
    const parts = await copyParts(job, upload)
    // Some services do not check that all ranges come from one version of the source.
    const after = await getFile(connection, job.source.container, job.source.file, { signal, conditions: {} })
    if (after.etag !== info.etag) {
      throw new StorageError('PRECONDITION_FAILED', 'the source was replaced while it was being copied')
    }
    const key = customerKeyOption(options) ?? connection.customerKey
    await connection.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts }, ...job.native, ...key }),
      signal,
      resource,
    )
    return await getFile(connection, target.container, target.file, { signal, conditions: {} }, key)
  } catch (error) {
    // The first failure is more useful. An upload that is left is in the list of unfinished
    // uploads.
    await connection
      .send(new AbortMultipartUploadCommand(upload), AbortSignal.timeout(cleanUpTime), resource)
      .catch(() => undefined)
    throw error
  }
}

async function copyParts(job: CopyJob, upload: { Bucket: string; Key: string; UploadId: string | undefined }) {
  const { connection, info, options } = job
  const partSize = Math.max(
    minPartSize,
    Math.ceil(info.size / maxParts),
    Math.min(connection.options.maxCopySize, 512 * 1024 ** 2),
  )
  const count = Math.ceil(info.size / partSize)
  const parts: { PartNumber: number; ETag: string }[] = []
  await inParallel(
    Array(count).keys(),
    parallelism,
    async (index, signal) => {
      const last = Math.min(info.size, (index + 1) * partSize) - 1
      const command = new UploadPartCopyCommand({
        ...upload,
        ...copySource(job),
        ...(customerKeyOption(options) ?? connection.customerKey),
        PartNumber: index + 1,
        CopySourceRange: `bytes=${index * partSize}-${last}`,
      })
      const response = await connection.send(command, signal, { ...job.target, upload: true })
      parts[index] = { PartNumber: index + 1, ETag: quoted(response.CopyPartResult?.ETag) }
    },
    options.signal,
  )
  return parts
}
