import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import {
  type CallOptions,
  type CompleteUploadCallOptions,
  compareNames,
  decodePosition,
  encodePosition,
  isStorageError,
  type ListCallOptions,
  type PartPage,
  type PartUpload,
  type PartUploadReference,
  type ProviderBody,
  type StartUploadCallOptions,
  StorageError,
  type UploadedPart,
  type UploadPage,
  type UploadPartCallOptions,
  uploadNotFound,
  type WrittenFile,
} from '@stowage/core/provider'
import type { Connection } from './client/connection.js'
import { quoted } from './client/responses.js'
import { customerKeyOption, nativeAttributes, toBase64 } from './mapping/attributes.js'
import { prepareConditions } from './mapping/conditions.js'
import { decodeKey, keyOf, keyPrefixOf, nameOf, searchablePrefix } from './mapping/names.js'
import { getFile } from './reader.js'

/**
 * An upload's id is the service's. If each part has a CRC32C, `,crc32c` is appended, and `=` with
 * the CRC32C of the whole file if the writer provided it. A part's tag is its ETag. If the service
 * returned a checksum, which it requires again at completion, a comma and the checksum are
 * appended.
 */
const idPattern = /^(?<id>.+?)(?<crc32c>,crc32c(?:=(?<expected>[0-9a-f]{8}))?)?$/

interface NativeUpload {
  readonly id: string
  readonly crc32c: boolean
  readonly expected: string | undefined
}

function nativeUpload({ id }: PartUploadReference): NativeUpload {
  const groups = idPattern.exec(id)?.groups
  return { id: groups?.['id'] ?? id, crc32c: groups?.['crc32c'] !== undefined, expected: groups?.['expected'] }
}

const checksumNames = [
  'ChecksumCRC32',
  'ChecksumCRC32C',
  'ChecksumCRC64NVME',
  'ChecksumSHA1',
  'ChecksumSHA256',
] as const
type NativeChecksums = { readonly [name in (typeof checksumNames)[number]]?: string }

function tagOf(etag: string | undefined, response: NativeChecksums): string {
  const name = checksumNames.find((candidate) => response[candidate] !== undefined)
  return name === undefined ? quoted(etag) : `${quoted(etag)},${name}=${response[name]}`
}

function nativePart({ partNumber, tag }: UploadedPart) {
  const [, etag = tag, name, checksum] = /^("[^"]*"),(\w+)=(.*)$/.exec(tag) ?? []
  const known = checksumNames.find((candidate) => candidate === name)
  return { PartNumber: partNumber, ETag: etag, ...(known === undefined ? {} : { [known]: checksum }) }
}

const resourceOf = ({ container, file }: PartUploadReference) => ({ container, file, upload: true })
export const addressOf = (upload: PartUploadReference) => ({
  Bucket: upload.container,
  Key: keyOf(upload.file),
  UploadId: nativeUpload(upload).id,
})

/** How many uploads a process remembers: the current ones, and some that were never ended. */
const maxStartedUploads = 10_000

export async function startUpload(
  connection: Connection,
  container: string,
  file: string,
  options: StartUploadCallOptions,
): Promise<PartUpload> {
  const { partSize, checksums, direct, signal } = options
  // A client that sends a part to a URL adds no checksum of the service.
  const checked = connection.options.checksums && direct !== true
  const crc32c = checked && checksums.crc32c !== undefined
  const command = new CreateMultipartUploadCommand({
    Bucket: container,
    Key: keyOf(file),
    ...nativeAttributes(connection, options),
    ...(checked ? { ChecksumAlgorithm: crc32c ? 'CRC32C' : 'CRC32', ChecksumType: 'FULL_OBJECT' } : {}),
  })
  const { UploadId } = await connection.send(command, signal, { container, file })
  if (!UploadId)
    throw new StorageError('BAD_RESPONSE', 'the response to the start of a multipart upload has no upload id')
  const id = crc32c ? `${UploadId},crc32c=${checksums.crc32c}` : UploadId
  const [oldest] = connection.startedUploads.keys()
  if (oldest !== undefined && connection.startedUploads.size >= maxStartedUploads)
    connection.startedUploads.delete(oldest)
  connection.startedUploads.set(id, customerKeyOption(options) ?? connection.customerKey)
  return { container, file, id, partSize }
}

export async function uploadPart(
  connection: Connection,
  upload: PartUpload,
  body: ProviderBody,
  { signal, partNumber }: UploadPartCallOptions,
): Promise<UploadedPart> {
  if (!(body instanceof Uint8Array)) {
    throw new StorageError('LENGTH_REQUIRED', 'the service requires a body in memory, not a stream')
  }
  // Swift's s3api accepts parts of a completed upload, and corrupts the file with them.
  if (!connection.options.amazon && !connection.startedUploads.has(upload.id)) {
    await checkUnfinished(connection, upload, signal)
  }
  const command = new UploadPartCommand({
    ...addressOf(upload),
    PartNumber: partNumber,
    Body: body,
    ContentLength: body.length,
    ...connection.customerKeyOfUpload(upload.id),
    ChecksumAlgorithm: nativeUpload(upload).crc32c ? 'CRC32C' : undefined,
  })
  const response = await connection.send(command, signal, resourceOf(upload))
  return { partNumber, size: body.length, tag: tagOf(response.ETag, response), etag: quoted(response.ETag) }
}

const isPartNumber = (value: unknown): value is string => typeof value === 'string' && /^\d+$/.test(value)

export async function listParts(
  connection: Connection,
  upload: PartUploadReference,
  { signal, limit, next }: ListCallOptions,
): Promise<PartPage> {
  const after = decodePosition(next, isPartNumber)
  // Swift's s3api lists the parts of a completed upload.
  if (!connection.options.amazon && next === undefined) await checkUnfinished(connection, upload, signal)
  const response = await connection.send(
    new ListPartsCommand({
      ...addressOf(upload),
      MaxParts: limit,
      PartNumberMarker: after,
      ...connection.customerKeyOfUpload(upload.id),
    }),
    signal,
    resourceOf(upload),
  )
  const entries = (response.Parts ?? []).map((part) => ({
    partNumber: part.PartNumber ?? 0,
    size: part.Size ?? 0,
    tag: tagOf(part.ETag, part),
    etag: quoted(part.ETag),
  }))
  const last = entries.at(-1)
  return response.IsTruncated && last !== undefined
    ? { entries, next: encodePosition(String(last.partNumber)) }
    : { entries }
}

export async function completeUpload(
  connection: Connection,
  upload: PartUpload,
  { signal, parts, conditions }: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  const { container, file, id } = upload
  await checkUnfinished(connection, upload, signal)
  const native = await prepareConditions(connection, { container, file, conditions, signal })
  const { crc32c, expected } = nativeUpload(upload)
  const key = connection.customerKeyOfUpload(id)
  const command = new CompleteMultipartUploadCommand({
    ...addressOf(upload),
    MultipartUpload: { Parts: parts.map(nativePart) },
    ...native,
    ...key,
    ChecksumType: crc32c ? 'FULL_OBJECT' : undefined,
    ChecksumCRC32C: expected && toBase64(expected),
  })
  try {
    await connection.send(command, signal, resourceOf(upload))
  } catch (error) {
    if (isStorageError(error, 'UPLOAD_NOT_FOUND') && conditions.ifMatch !== undefined) {
      await rejectMissingTarget(connection, upload, signal)
    }
    throw error
  }
  connection.startedUploads.delete(id)
  // The response has no attributes. They were given at the start, perhaps by another process.
  return getFile(connection, container, file, { signal, conditions: {} }, key)
}

/**
 * Fails with `UPLOAD_NOT_FOUND` if the upload is unknown or ended. Without this check, a completed
 * upload could be completed again for a while, and Ceph responds to an unknown one with an internal
 * error.
 */
async function checkUnfinished(
  connection: Connection,
  upload: PartUploadReference,
  signal: AbortSignal,
): Promise<void> {
  const { Bucket, Key, UploadId } = addressOf(upload)
  const command = { Bucket, Prefix: searchablePrefix(Key), EncodingType: 'url' } as const
  let marker: { readonly KeyMarker: string; readonly UploadIdMarker: string } | undefined
  do {
    const response = await connection.send(new ListMultipartUploadsCommand({ ...command, ...marker }), signal, {
      container: upload.container,
    })
    const found = (response.Uploads ?? []).map((entry) => ({
      key: decodeKey(entry.Key ?? ''),
      id: entry.UploadId ?? '',
    }))
    if (found.some(({ key, id }) => key === Key && id === UploadId)) return
    const last = found.at(-1)
    const more = response.IsTruncated === true && last !== undefined && compareNames(last.key, Key) <= 0
    marker = more ? { KeyMarker: last.key, UploadIdMarker: last.id } : undefined
  } while (marker !== undefined)
  throw uploadNotFound(upload.container, upload.file)
}

/**
 * Distinguishes a condition on a missing file from an unknown upload. Amazon reports both as an
 * unknown upload.
 */
async function rejectMissingTarget(connection: Connection, upload: PartUpload, signal: AbortSignal): Promise<void> {
  await listParts(connection, upload, { signal, limit: 1 })
  throw new StorageError('PRECONDITION_FAILED', 'the file does not exist')
}

export async function abortUpload(
  connection: Connection,
  upload: PartUploadReference,
  { signal }: CallOptions,
): Promise<void> {
  connection.startedUploads.delete(upload.id)
  try {
    await connection.send(new AbortMultipartUploadCommand(addressOf(upload)), signal, resourceOf(upload))
  } catch (error) {
    if (!isStorageError(error, 'UPLOAD_NOT_FOUND')) throw error
  }
}

const isKeyAndId = (value: unknown): value is readonly [key: string, id: string] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string')

export async function listUploads(
  connection: Connection,
  container: string,
  { signal, limit, next, prefix }: ListCallOptions & { readonly prefix: string },
): Promise<UploadPage> {
  const [keyMarker, idMarker] = decodePosition(next, isKeyAndId) ?? []
  const response = await connection.send(
    new ListMultipartUploadsCommand({
      Bucket: container,
      Prefix: keyPrefixOf(prefix),
      MaxUploads: limit,
      EncodingType: 'url',
      KeyMarker: keyMarker,
      UploadIdMarker: idMarker,
    }),
    signal,
    { container },
  )
  const found = (response.Uploads ?? []).map((upload) => ({ upload, key: decodeKey(upload.Key ?? '') }))
  const entries = found.map(({ upload: { UploadId = '', Initiated, ChecksumAlgorithm }, key }) => ({
    container,
    file: nameOf(key),
    id: ChecksumAlgorithm === 'CRC32C' ? `${UploadId},crc32c` : UploadId,
    started: Initiated ?? new Date(0),
  }))
  const last = found.at(-1)
  return response.IsTruncated && last !== undefined
    ? { entries, next: encodePosition([last.key, last.upload.UploadId ?? '']) }
    : { entries }
}
