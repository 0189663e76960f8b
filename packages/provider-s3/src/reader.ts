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
import { type Connection, type CustomerKey, md5OfEtag, quoted, wholeSeconds } from './connection.js'
import { explain } from './errors.js'
import { decodeMetadata, headerNames, toHex } from './metadata.js'
import { keyOf } from './names.js'

/** All that an answer to HEAD or GET says of a file. */
function infoOf(
  connection: Connection,
  place: { readonly container: string; readonly file: string },
  head: HeadObjectCommandOutput | GetObjectCommandOutput,
  size: number,
): FileInfo {
  const { metadata, checksums } = decodeMetadata(head.Metadata)
  const etag = quoted(head.ETag)
  return {
    container: place.container,
    name: place.file,
    size,
    mtime: wholeSeconds(head.LastModified),
    etag,
    contentType: head.ContentType || unknownContentType,
    ...readAttributes(head, { ...headerNames, expires: 'ExpiresString' }),
    metadata,
    checksums: { ...md5OfEtag(etag, head, connection.options.amazon), ...keptChecksums(head), ...checksums },
  }
}

/** Those that the service itself keeps of the whole content; a checksum of parts' checksums is none. */
function keptChecksums(head: HeadObjectCommandOutput | GetObjectCommandOutput): Checksums {
  const { ChecksumType: type, ChecksumSHA256: sha256, ChecksumCRC32C: crc32c } = head
  if (type === 'COMPOSITE') return {}
  const whole = (value: string | undefined) => value !== undefined && !value.includes('-')
  return {
    ...(whole(sha256) ? { sha256: toHex(sha256 as string) } : {}),
    ...(whole(crc32c) ? { crc32c: toHex(crc32c as string) } : {}),
  }
}

/**
 * Conditions as the service gets them. `*` is left out: some servers take it for an ETag. Where HTTP lets one condition
 * overrule another, only the one that counts is sent.
 */
function nativeConditions({ ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince }: ReadConditions) {
  return {
    ...(ifMatch === undefined || ifMatch === '*' ? {} : { IfMatch: ifMatch }),
    ...(ifNoneMatch === undefined || ifNoneMatch === '*' ? {} : { IfNoneMatch: ifNoneMatch }),
    ...(ifModifiedSince === undefined || ifNoneMatch !== undefined ? {} : { IfModifiedSince: ifModifiedSince }),
    ...(ifUnmodifiedSince === undefined || ifMatch !== undefined ? {} : { IfUnmodifiedSince: ifUnmodifiedSince }),
  }
}

interface Read extends ReadCallOptions {
  readonly container: string
  readonly file: string
}

/** The error with what the service's answer left out of it. */
async function completed(
  connection: Connection,
  { container, file, signal, conditions }: Read,
  error: unknown,
): Promise<unknown> {
  if (!isStorageError(error)) return error
  const { etag, mtime } = error.details
  const unsure = conditions.ifMatch !== undefined || conditions.ifUnmodifiedSince !== undefined
  if (error.code === 'NOT_MODIFIED' && (unsure || etag === undefined || mtime === undefined)) {
    // Not every service knows which of two conditions comes first.
    const present = await getFile(connection, container, file, { signal, conditions: {} })
    checkReadConditions(present, conditions)
    return error
  }
  if (error.code === 'RANGE_NOT_SATISFIABLE' && error.details.size === undefined) {
    const { size } = await getFile(connection, container, file, { signal, conditions: {} })
    const message = `the file has ${size} bytes: no byte is in the range`
    return new StorageError(error.code, message, { cause: error.cause, details: { size } })
  }
  return error
}

/** An answer to HEAD has no body that could say what is missing. */
async function whatIsMissing(
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
    // Whoever may not ask for the container still learns that the file is not there.
    return isStorageError(failure, 'PERMISSION_DENIED') ? error : failure
  }
}

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
    ...nativeConditions(conditions),
    ...(connection.options.checksums ? { ChecksumMode: 'ENABLED' } : {}),
  })
  try {
    const head = await connection.send(command, signal, { container, file })
    const info = infoOf(connection, { container, file }, head, head.ContentLength ?? 0)
    if (conditions.ifNoneMatch === '*') checkReadConditions(info, conditions)
    return info
  } catch (error) {
    const known = await whatIsMissing(connection, container, signal, error)
    throw await completed(connection, { container, file, signal, conditions }, known)
  }
}

export async function openFile(
  connection: Connection,
  container: string,
  file: string,
  { signal, conditions, range }: OpenCallOptions,
): Promise<OpenFile> {
  const place = { container, file }
  if (conditions.ifNoneMatch === '*' || range?.suffix === 0) {
    // Neither can have an answer with content, and not every server knows that.
    const info = await getFile(connection, container, file, { signal, conditions })
    resolveRange(range, info.size)
  }
  const command = new GetObjectCommand({
    Bucket: container,
    Key: keyOf(file),
    ...connection.customerKey,
    ...nativeConditions(conditions),
    ...(range === undefined ? {} : { Range: rangeHeader(range) }),
  })
  const answer = await connection.send(command, signal, place, smallBodySize).catch(async (error: unknown) => {
    throw await completed(connection, { ...place, signal, conditions }, error)
  })
  const source = answer.Body as Readable
  try {
    const sent = sentRange(answer)
    const { offset, length } = resolveRange(range, sent.size)
    if (offset !== sent.offset || length !== sent.length) {
      throw new StorageError('BAD_RESPONSE', 'the service sent another range than the one asked for')
    }
    const info = infoOf(connection, place, answer, sent.size)
    if (length > smallBodySize) return { info, offset, length, stream: source }
    return { info, offset, length, bytes: await readSmallBody(source, length, signal, (error) => explain(error, {})) }
  } catch (error) {
    source.destroy()
    throw error
  }
}

const rangeHeader = (range: ByteRange) =>
  range.suffix === undefined ? `bytes=${range.start}-${range.end ?? ''}` : `bytes=-${range.suffix}`

/** What the answer holds of the file. */
function sentRange({ ContentRange, ContentLength = 0 }: GetObjectCommandOutput) {
  if (ContentRange === undefined) return { offset: 0, length: ContentLength, size: ContentLength }
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange) ?? []
  if (size === undefined) throw new StorageError('BAD_RESPONSE', 'the service sent a range that cannot be understood')
  return { offset: Number(first), length: Number(last) - Number(first) + 1, size: Number(size) }
}
