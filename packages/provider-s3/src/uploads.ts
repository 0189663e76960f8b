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
import { type Connection, quoted } from './connection.js'
import { toBase64 } from './metadata.js'
import { decodeKey, keyOf, keyPrefixOf, nameOf, searchableKey } from './names.js'
import { getFile } from './reader.js'
import { conditionsApart, namedKey, nativeAttributes } from './writer.js'

/**
 * Part uploads are the service's own. An upload's id is the service's; where each part is to carry a CRC32C it has
 * `,crc32c` behind it, and behind that the whole file's when the writer gave it. A part's tag is its ETag, and behind a comma
 * its checksum where the service gave one, which it then wants to see again at the end.
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

function tagOf(etag: string | undefined, answer: NativeChecksums): string {
  const name = checksumNames.find((candidate) => answer[candidate] !== undefined)
  return name === undefined ? quoted(etag) : `${quoted(etag)},${name}=${answer[name]}`
}

function nativePart({ partNumber, tag }: UploadedPart) {
  const [, etag = tag, name, checksum] = /^("[^"]*"),(\w+)=(.*)$/.exec(tag) ?? []
  const known = checksumNames.find((candidate) => candidate === name)
  return { PartNumber: partNumber, ETag: etag, ...(known === undefined ? {} : { [known]: checksum }) }
}

const subjectOf = ({ container, file }: PartUploadReference) => ({ container, file, upload: true })
const address = (upload: PartUploadReference) => ({
  Bucket: upload.container,
  Key: keyOf(upload.file),
  UploadId: nativeUpload(upload).id,
})

/** Uploads that are remembered: those under way, and some that nobody ended. */
const maxStarted = 10_000

export async function startUpload(
  connection: Connection,
  container: string,
  file: string,
  options: StartUploadCallOptions,
): Promise<PartUpload> {
  const { partSize, checksums, signal } = options
  const checked = connection.options.checksums
  const crc32c = checked && checksums.crc32c !== undefined
  const command = new CreateMultipartUploadCommand({
    Bucket: container,
    Key: keyOf(file),
    ...nativeAttributes(connection, options),
    ...(checked ? { ChecksumAlgorithm: crc32c ? 'CRC32C' : 'CRC32', ChecksumType: 'FULL_OBJECT' } : {}),
  })
  const { UploadId } = await connection.send(command, signal, { container, file })
  if (!UploadId) throw new StorageError('BAD_RESPONSE', 'the service started an upload and did not say which')
  const id = crc32c ? `${UploadId},crc32c=${checksums.crc32c}` : UploadId
  const [oldest] = connection.started.keys()
  if (oldest !== undefined && connection.started.size >= maxStarted) connection.started.delete(oldest)
  connection.started.set(id, namedKey(options) ?? connection.customerKey)
  return { container, file, id, partSize }
}

export async function uploadPart(
  connection: Connection,
  upload: PartUpload,
  body: ProviderBody,
  { signal, partNumber }: UploadPartCallOptions,
): Promise<UploadedPart> {
  if (!(body instanceof Uint8Array)) {
    throw new StorageError('LENGTH_REQUIRED', 'the service takes bytes in memory, and no stream')
  }
  // Swift's s3api takes parts of an upload that was completed, and breaks the file with them.
  if (!connection.options.amazon && !connection.started.has(upload.id)) {
    await checkUnderWay(connection, upload, signal)
  }
  const command = new UploadPartCommand({
    ...address(upload),
    PartNumber: partNumber,
    Body: body,
    ContentLength: body.length,
    ...connection.customerKeyOfUpload(upload.id),
    ...(nativeUpload(upload).crc32c ? { ChecksumAlgorithm: 'CRC32C' } : {}),
  })
  const answer = await connection.send(command, signal, subjectOf(upload))
  return { partNumber, size: body.length, tag: tagOf(answer.ETag, answer) }
}

const isPartNumber = (value: unknown): value is string => typeof value === 'string' && /^\d+$/.test(value)

export async function listParts(
  connection: Connection,
  upload: PartUploadReference,
  { signal, limit, next }: ListCallOptions,
): Promise<PartPage> {
  const after = decodePosition(next, isPartNumber)
  const answer = await connection.send(
    new ListPartsCommand({
      ...address(upload),
      MaxParts: limit,
      PartNumberMarker: after,
      ...connection.customerKeyOfUpload(upload.id),
    }),
    signal,
    subjectOf(upload),
  )
  const entries = (answer.Parts ?? []).map((part) => ({
    partNumber: part.PartNumber ?? 0,
    size: part.Size ?? 0,
    tag: tagOf(part.ETag, part),
  }))
  const last = entries.at(-1)
  return answer.IsTruncated && last !== undefined
    ? { entries, next: encodePosition(String(last.partNumber)) }
    : { entries }
}

export async function completeUpload(
  connection: Connection,
  upload: PartUpload,
  { signal, parts, conditions }: CompleteUploadCallOptions,
): Promise<WrittenFile> {
  const { container, file, id } = upload
  await checkUnderWay(connection, upload, signal)
  const native = await conditionsApart(connection, { container, file, conditions, signal })
  const { crc32c, expected } = nativeUpload(upload)
  const key = connection.customerKeyOfUpload(id)
  const command = new CompleteMultipartUploadCommand({
    ...address(upload),
    MultipartUpload: { Parts: parts.map(nativePart) },
    ...native,
    ...key,
    ...(crc32c ? { ChecksumType: 'FULL_OBJECT' } : {}),
    ...(expected === undefined ? {} : { ChecksumCRC32C: toBase64(expected) }),
  })
  try {
    await connection.send(command, signal, subjectOf(upload))
  } catch (error) {
    if (isStorageError(error, 'UPLOAD_NOT_FOUND') && conditions.ifMatch !== undefined) {
      await missingTarget(connection, upload, signal)
    }
    throw error
  }
  connection.started.delete(id)
  // The answer says nothing of the attributes, which were given at the start, perhaps by another process.
  return getFile(connection, container, file, { signal, conditions: {} }, key)
}

/**
 * `UPLOAD_NOT_FOUND` when the upload is no longer, or never was. Without it a completed upload could be completed again
 * for a while, and Ceph calls an unknown one an internal error.
 */
async function checkUnderWay(connection: Connection, upload: PartUpload, signal: AbortSignal): Promise<void> {
  const { Bucket, Key, UploadId } = address(upload)
  const command = { Bucket, Prefix: searchableKey(Key), EncodingType: 'url' } as const
  let marker: { readonly KeyMarker: string; readonly UploadIdMarker: string } | undefined
  do {
    const answer = await connection.send(new ListMultipartUploadsCommand({ ...command, ...marker }), signal, {
      container: upload.container,
    })
    const found = (answer.Uploads ?? []).map((entry) => ({ key: decodeKey(entry.Key ?? ''), id: entry.UploadId ?? '' }))
    if (found.some(({ key, id }) => key === Key && id === UploadId)) return
    const last = found.at(-1)
    const more = answer.IsTruncated === true && last !== undefined && compareNames(last.key, Key) <= 0
    marker = more ? { KeyMarker: last.key, UploadIdMarker: last.id } : undefined
  } while (marker !== undefined)
  throw uploadNotFound(upload.container, upload.file)
}

/** Amazon says of a condition on a file that is not there what it says of an unknown upload; this tells them apart. */
async function missingTarget(connection: Connection, upload: PartUpload, signal: AbortSignal): Promise<void> {
  await listParts(connection, upload, { signal, limit: 1 })
  throw new StorageError('PRECONDITION_FAILED', 'the file does not exist')
}

export async function abortUpload(
  connection: Connection,
  upload: PartUploadReference,
  { signal }: CallOptions,
): Promise<void> {
  connection.started.delete(upload.id)
  try {
    await connection.send(new AbortMultipartUploadCommand(address(upload)), signal, subjectOf(upload))
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
  const answer = await connection.send(
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
  const found = (answer.Uploads ?? []).map((upload) => ({ upload, key: decodeKey(upload.Key ?? '') }))
  const entries = found.map(({ upload: { UploadId = '', Initiated, ChecksumAlgorithm }, key }) => ({
    container,
    file: nameOf(key),
    id: ChecksumAlgorithm === 'CRC32C' ? `${UploadId},crc32c` : UploadId,
    started: Initiated ?? new Date(0),
  }))
  const last = found.at(-1)
  return answer.IsTruncated && last !== undefined
    ? { entries, next: encodePosition([last.key, last.upload.UploadId ?? '']) }
    : { entries }
}
