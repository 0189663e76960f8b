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
import { type Connection, md5OfEtag, quoted, wholeSeconds } from './connection.js'
import { keyOf } from './names.js'
import { getFile } from './reader.js'
import { accessAndEncryption, conditionsApart, namedKey, nativeAttributes } from './writer.js'

/** Parts of one copy that are under way at once. */
const parallelism = 8
/** Milliseconds that clean-up after a failure may take. */
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
  const native = await conditionsApart(connection, { ...target, conditions, signal })
  const job: CopyJob = { connection, source, target, options, info, native }
  return info.size > connection.options.maxCopySize ? copyInParts(job) : copyAtOnce(job)
}

interface CopyJob {
  readonly connection: Connection
  readonly source: FileLocation
  readonly target: FileLocation
  readonly options: CopyCallOptions
  readonly info: FileInfo
  readonly native: { readonly IfMatch?: string; readonly IfNoneMatch?: string }
  /** The service is not told which version it is, since it does not know its own. */
  readonly unconditional?: boolean
}

/** What the copy is made from: always the version that was looked at first. */
const sourceOf = ({ connection, source, info, unconditional = false }: CopyJob) => {
  const { SSECustomerAlgorithm, SSECustomerKey } = connection.customerKey
  const path = `${source.container}/${keyOf(source.file)}`
  return {
    CopySource: path.split('/').map(encodeURIComponent).join('/'),
    ...(unconditional ? {} : { CopySourceIfMatch: info.etag }),
    ...(SSECustomerKey === undefined
      ? {}
      : { CopySourceSSECustomerAlgorithm: SSECustomerAlgorithm, CopySourceSSECustomerKey: SSECustomerKey }),
  }
}

/** The checksums that were kept with the source: all but an MD5 that is its ETag, which the target's need not be. */
function keptChecksums({ etag, checksums }: FileInfo): Checksums {
  const { md5, ...others } = checksums
  return etag === `"${md5}"` ? others : checksums
}

/** The attributes that the target gets, with the checksums that were kept with the source. */
function attributesOf({ connection, options, info }: CopyJob) {
  return nativeAttributes(connection, {
    ...options,
    attributes: options.attributes ?? info,
    checksums: keptChecksums(info),
  })
}

async function copyAtOnce(job: CopyJob): Promise<WrittenFile> {
  const { connection, source, target, options, info, native } = job
  const itself = source.container === target.container && source.file === target.file
  // Services refuse to copy a file to itself unless something is replaced.
  const replaced = options.attributes !== undefined || itself
  const command = new CopyObjectCommand({
    Bucket: target.container,
    Key: keyOf(target.file),
    ...sourceOf(job),
    ...native,
    ...(replaced ? { MetadataDirective: 'REPLACE', ...attributesOf(job) } : accessAndEncryption(connection, options)),
  })
  const answer = await connection
    .send(command, options.signal, { container: target.container, file: target.file })
    .catch((error: unknown) => explainMissing(job, error))
    .catch(async (error: unknown) => {
      if (await isForgottenVersion(job, error)) return undefined
      throw error
    })
  if (answer === undefined) return copyAtOnce({ ...job, unconditional: true })
  const etag = quoted(answer.CopyObjectResult?.ETag)
  return {
    ...(options.attributes ?? info),
    container: target.container,
    name: target.file,
    size: info.size,
    etag,
    mtime: wholeSeconds(answer.CopyObjectResult?.LastModified),
    checksums: { ...md5OfEtag(etag, answer, connection.options.amazon), ...keptChecksums(info) },
  }
}

/** Swift's s3api holds the condition on a source that went up in parts against another ETag than the one that it shows. */
async function isForgottenVersion(job: CopyJob, error: unknown): Promise<boolean> {
  const { connection, source, options, info, native, unconditional } = job
  const underConditions = native.IfMatch !== undefined || native.IfNoneMatch !== undefined
  if (unconditional || underConditions || !isStorageError(error, 'PRECONDITION_FAILED')) return false
  const { signal } = options
  const present = await getFile(connection, source.container, source.file, { signal, conditions: {} })
  return present.etag === info.etag
}

/** Both ends can be missing, and the service does not say which. The source was there a moment ago. */
async function explainMissing({ connection, source, options }: CopyJob, error: unknown): Promise<never> {
  if (isStorageError(error, 'FILE_NOT_FOUND')) {
    await getFile(connection, source.container, source.file, { signal: options.signal, conditions: {} })
    if (options.conditions.ifMatch !== undefined) {
      throw new StorageError('PRECONDITION_FAILED', 'the file does not exist', { cause: error.cause })
    }
  }
  throw error
}

/** Larger files than the service copies by one request are copied by ranges, as the parts of an upload. */
async function copyInParts(job: CopyJob): Promise<WrittenFile> {
  const { connection, target, options, info } = job
  const { signal } = options
  const address = { Bucket: target.container, Key: keyOf(target.file) }
  const subject = { ...target, upload: true }
  const started = await connection.send(
    new CreateMultipartUploadCommand({ ...address, ...attributesOf(job) }),
    signal,
    target,
  )
  const upload = { ...address, UploadId: started.UploadId }
  try {
    const parts = await copyParts(job, upload)
    // Not every service holds the copied ranges to one version of the source.
    const after = await getFile(connection, job.source.container, job.source.file, { signal, conditions: {} })
    if (after.etag !== info.etag) {
      throw new StorageError('PRECONDITION_FAILED', 'the source was replaced while it was copied')
    }
    const key = namedKey(options) ?? connection.customerKey
    await connection.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts }, ...job.native, ...key }),
      signal,
      subject,
    )
    return await getFile(connection, target.container, target.file, { signal, conditions: {} }, key)
  } catch (error) {
    // The first failure matters more; what stays is in the list of unfinished uploads.
    await connection
      .send(new AbortMultipartUploadCommand(upload), AbortSignal.timeout(cleanUpTime), subject)
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
        ...sourceOf(job),
        ...(namedKey(options) ?? connection.customerKey),
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
