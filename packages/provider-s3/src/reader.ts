import type { Readable } from 'node:stream'
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3'
import { unknownContentType } from '@stowage/core'
import {
  type ByteRange,
  type Checksums,
  checkReadConditions,
  defined,
  type FileInfo,
  isStorageError,
  type OpenCallOptions,
  type OpenFile,
  type ReadCallOptions,
  type ReadConditions,
  readAttributes,
  readSmallBody,
  resolveRange,
  StorageError,
  smallBodySize,
} from '@stowage/core/provider'
import type { Connection } from './client/connection.js'
import type { CustomerKey } from './client/customer-key.js'
import { md5OfEtag, quoted, wholeSeconds } from './client/responses.js'
import { decodeMetadata, toHex } from './mapping/attributes.js'
import { explain } from './mapping/errors.js'
import { headerNames } from './mapping/header-names.js'
import { keyOf } from './mapping/names.js'

/** Returns a file's properties from a response to HEAD or GET. */
function infoOf(
  connection: Connection,
  location: { readonly container: string; readonly file: string },
  head: HeadObjectCommandOutput | GetObjectCommandOutput,
  size: number,
): FileInfo {
  const { metadata, checksums } = decodeMetadata(head.Metadata)
  const etag = quoted(head.ETag)
  return {
    container: location.container,
    name: location.file,
    size,
    mtime: wholeSeconds(head.LastModified),
    etag,
    contentType: head.ContentType || unknownContentType,
    ...readAttributes(head, { ...headerNames, expires: 'ExpiresString' }),
    metadata,
    checksums: { ...md5OfEtag(etag, head, connection.options.amazon), ...serviceChecksums(head), ...checksums },
  }
}

/**
 * Returns the checksums of the whole content that the service stores. A checksum of the parts'
 * checksums is not one.
 */
function serviceChecksums(head: HeadObjectCommandOutput | GetObjectCommandOutput): Checksums {
  const { ChecksumType: type, ChecksumSHA256: sha256, ChecksumCRC32C: crc32c } = head
  if (type === 'COMPOSITE') return {}
  const ofWholeFile = (value: string | undefined) =>
    value === undefined || value.includes('-') ? undefined : toHex(value)
  return defined({ sha256: ofWholeFile(sha256), crc32c: ofWholeFile(crc32c) })
}

/**
 * Returns the conditions as parameters. `*` is left out, because some servers read it as an ETag.
 * Where one condition takes precedence over another in HTTP, only that one is sent.
 */
function conditionParameters({ ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince }: ReadConditions) {
  return defined({
    IfMatch: ifMatch === '*' ? undefined : ifMatch,
    IfNoneMatch: ifNoneMatch === '*' ? undefined : ifNoneMatch,
    IfModifiedSince: ifNoneMatch === undefined ? ifModifiedSince : undefined,
    IfUnmodifiedSince: ifMatch === undefined ? ifUnmodifiedSince : undefined,
  })
}

interface ReadCall extends ReadCallOptions {
  readonly container: string
  readonly file: string
}

/** Adds the details that the service's response lacks to an error. */
async function withMissingDetails(
  connection: Connection,
  { container, file, signal, conditions }: ReadCall,
  error: unknown,
): Promise<unknown> {
  if (!isStorageError(error)) return error
  const { etag, mtime } = error.details
  const isUncertain = conditions.ifMatch !== undefined || conditions.ifUnmodifiedSince !== undefined
  if (error.code === 'NOT_MODIFIED' && (isUncertain || etag === undefined || mtime === undefined)) {
    // Some services evaluate two conditions in the wrong order.
    const current = await getFile(connection, container, file, { signal, conditions: {} })
    checkReadConditions(current, conditions)
    return error
  }
  if (error.code === 'RANGE_NOT_SATISFIABLE' && error.details.size === undefined) {
    const { size } = await getFile(connection, container, file, { signal, conditions: {} })
    const message = `the range contains no byte of the file, which has ${size} bytes`
    return new StorageError(error.code, message, { cause: error.cause, details: { size } })
  }
  return error
}

/**
 * Finds out whether the container or the file is missing, since a response to HEAD has no body that
 * names it.
 */
async function findMissing(
  connection: Connection,
  container: string,
  signal: AbortSignal,
  error: unknown,
): Promise<unknown> {
  if (!isStorageError(error, 'FILE_NOT_FOUND')) return error
  try {
    await connection.send(new HeadBucketCommand({ Bucket: container }), signal, { container })
    return error
  } catch (failure) {
    // Without permission to read the container, the file is reported as missing.
    return isStorageError(failure, 'PERMISSION_DENIED') ? error : failure
  }
}

/** @param key The key of a file that is encrypted with a customer's key. */
export async function getFile(
  connection: Connection,
  container: string,
  file: string,
  { signal, conditions }: ReadCallOptions,
  key: CustomerKey = connection.customerKey,
): Promise<FileInfo> {
  const command = new HeadObjectCommand({
    Bucket: container,
    Key: keyOf(file),
    ...key,
    ...conditionParameters(conditions),
    ChecksumMode: connection.options.checksums ? 'ENABLED' : undefined,
  })
  try {
    const head = await connection.send(command, signal, { container, file })
    const info = infoOf(connection, { container, file }, head, head.ContentLength ?? 0)
    if (conditions.ifNoneMatch === '*') checkReadConditions(info, conditions)
    return info
  } catch (error) {
    const failure = await findMissing(connection, container, signal, error)
    throw await withMissingDetails(connection, { container, file, signal, conditions }, failure)
  }
}

export async function openFile(
  connection: Connection,
  container: string,
  file: string,
  { signal, conditions, range }: OpenCallOptions,
): Promise<OpenFile> {
  const location = { container, file }
  if (conditions.ifNoneMatch === '*' || range?.suffix === 0) {
    // Neither has a response with content, but some servers send one.
    const info = await getFile(connection, container, file, { signal, conditions })
    resolveRange(range, info.size)
  }
  const command = new GetObjectCommand({
    Bucket: container,
    Key: keyOf(file),
    ...connection.customerKey,
    ...conditionParameters(conditions),
    ...defined({ Range: range && rangeHeader(range) }),
  })
  const response = await connection.send(command, signal, location, smallBodySize).catch(async (error: unknown) => {
    throw await withMissingDetails(connection, { ...location, signal, conditions }, error)
  })
  const source = response.Body as Readable
  try {
    const sent = rangeOf(response)
    const { offset, length } = resolveRange(range, sent.size)
    if (offset !== sent.offset || length !== sent.length) {
      throw new StorageError('BAD_RESPONSE', 'the service sent a range other than the requested one')
    }
    const info = infoOf(connection, location, response, sent.size)
    if (length > smallBodySize) return { info, offset, length, stream: source }
    return { info, offset, length, bytes: await readSmallBody(source, length, signal, (error) => explain(error, {})) }
  } catch (error) {
    source.destroy()
    throw error
  }
}

const rangeHeader = (range: ByteRange) =>
  range.suffix === undefined ? `bytes=${range.start}-${range.end ?? ''}` : `bytes=-${range.suffix}`

/** Returns the range of the file that the response contains. */
function rangeOf({ ContentRange, ContentLength = 0 }: GetObjectCommandOutput) {
  if (ContentRange === undefined) return { offset: 0, length: ContentLength, size: ContentLength }
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange) ?? []
  if (size === undefined) throw new StorageError('BAD_RESPONSE', 'the response has an invalid Content-Range')
  return { offset: Number(first), length: Number(last) - Number(first) + 1, size: Number(size) }
}
