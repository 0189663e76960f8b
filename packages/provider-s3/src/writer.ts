import { PutObjectCommand } from '@aws-sdk/client-s3'
import {
  checkWriteConditions,
  defined,
  type FileInfo,
  isStorageError,
  type ProviderBody,
  type PutCallOptions,
  renameAttributes,
  StorageError,
  type WriteCallOptions,
  type WriteConditions,
  type WrittenFile,
} from '@stowage/core/provider'
import { type Connection, type CustomerKey, customerKeyOf, md5OfEtag, quoted } from './connection.js'
import { encodeMetadata, headerNames, toBase64 } from './metadata.js'
import { keyOf } from './names.js'
import { getFile } from './reader.js'

/** Attributes, access list and the service's own options, as every command that makes a file takes them. */
export function nativeAttributes(
  connection: Connection,
  { attributes, checksums, acl, native }: Pick<WriteCallOptions, 'attributes' | 'checksums' | 'acl' | 'native'>,
) {
  const { contentType, expires, metadata } = attributes
  return {
    ContentType: contentType,
    ...renameAttributes(attributes, headerNames),
    ...defined({ Expires: expires === undefined ? undefined : new Date(expires) }),
    Metadata: encodeMetadata(metadata, checksums, connection.options.amazon),
    ...accessAndEncryption(connection, { acl, native }),
  }
}

/** The SDK's types list the values that it knows; the service decides what it takes. */
export function accessAndEncryption(
  connection: Connection,
  { acl, native }: Pick<WriteCallOptions, 'acl' | 'native'>,
): Record<string, never> {
  for (const [name, value] of Object.entries(native)) {
    if (typeof value === 'string') continue
    throw new StorageError('INVALID_ARGUMENT', `${name} must be a string`, { details: { property: name } })
  }
  const key = native['SSECustomerKey'] as string | undefined
  return {
    ...(key === undefined ? connection.customerKey : customerKeyOf(key)),
    ...native,
    ...(acl === undefined ? {} : { ACL: acl }),
  } as Record<string, never>
}

/** The key that a write names for itself. */
export const namedKey = ({ native }: Pick<WriteCallOptions, 'native'>): CustomerKey | undefined =>
  typeof native['SSECustomerKey'] === 'string' ? customerKeyOf(native['SSECustomerKey']) : undefined

export async function putFile(
  connection: Connection,
  container: string,
  file: string,
  body: ProviderBody,
  options: PutCallOptions,
): Promise<WrittenFile> {
  const { signal, attributes, checksums, conditions } = options
  if (!(body instanceof Uint8Array)) {
    throw new StorageError('LENGTH_REQUIRED', 'the service takes bytes in memory, and no stream')
  }
  const { md5, sha256, crc32c } = checksums
  const verified = connection.options.checksums
  const input = {
    Bucket: container,
    Key: keyOf(file),
    Body: body,
    ContentLength: body.length,
    ...nativeAttributes(connection, options),
    ...(md5 === undefined ? {} : { ContentMD5: toBase64(md5) }),
    ...(verified && crc32c !== undefined ? { ChecksumCRC32C: toBase64(crc32c) } : {}),
    ...(verified && crc32c === undefined && sha256 !== undefined ? { ChecksumSHA256: toBase64(sha256) } : {}),
  }
  const answer = await writeUnder(connection, { container, file, conditions, signal }, (native) =>
    connection.send(new PutObjectCommand({ ...input, ...native }), signal, { container, file }),
  )
  const etag = quoted(answer.ETag)
  return {
    ...attributes,
    container,
    name: file,
    size: body.length,
    etag,
    checksums: { ...md5OfEtag(etag, answer, connection.options.amazon), ...checksums },
  }
}

export interface ConditionalWrite {
  readonly container: string
  readonly file: string
  readonly conditions: WriteConditions
  readonly signal: AbortSignal
}

/** The headers of a condition on a write. */
export interface NativeWriteConditions {
  readonly IfMatch?: string
  readonly IfNoneMatch?: string
}

/** Tries of a write over whatever version is there, each time against the one that is there then. */
const maxReplacements = 10

/**
 * A write under a condition that the service checks by itself in the same step.
 *
 * `ifMatch: '*'` is no condition that services know, so it is written over the ETag that is there. Some services (Ceph before Reef)
 * compare the header with the ETag without its quotes: when a condition fails that should hold, it is tried without, and
 * what works is remembered.
 */
async function writeUnder<T>(
  connection: Connection,
  write: ConditionalWrite,
  send: (native: NativeWriteConditions) => Promise<T>,
): Promise<T> {
  const { ifMatch, ifNoneMatch } = write.conditions
  if (ifNoneMatch !== undefined) return send({ IfNoneMatch: '*' })
  if (ifMatch === undefined) return send({})
  if (ifMatch !== '*') return sendMatching(connection, write, ifMatch, send)
  for (let replaced = 0; ; replaced++) {
    const { etag } = await present(connection, write)
    try {
      return await sendMatching(connection, write, etag, send)
    } catch (error) {
      if (replaced >= maxReplacements || !isStorageError(error, 'PRECONDITION_FAILED')) throw error
    }
  }
}

/** The version that a condition needs; `PRECONDITION_FAILED` when there is no file. */
async function present(connection: Connection, { container, file, signal }: ConditionalWrite): Promise<FileInfo> {
  const found = await find(connection, { container, file, signal })
  checkWriteConditions(found, { ifMatch: '*' })
  return found as FileInfo
}

async function find(
  connection: Connection,
  { container, file, signal }: Pick<ConditionalWrite, 'container' | 'file' | 'signal'>,
): Promise<FileInfo | undefined> {
  try {
    return await getFile(connection, container, file, { signal, conditions: {} })
  } catch (error) {
    if (isStorageError(error, 'FILE_NOT_FOUND')) return undefined
    throw error
  }
}

async function sendMatching<T>(
  connection: Connection,
  write: ConditionalWrite,
  etag: string,
  send: (native: NativeWriteConditions) => Promise<T>,
): Promise<T> {
  const bare = etag.slice(1, -1)
  try {
    const result = await send({ IfMatch: connection.etagForm === 'bare' ? bare : etag })
    connection.etagForm ??= 'quoted'
    return result
  } catch (error) {
    // Amazon says of a file that is not there that it is missing.
    if (isStorageError(error, 'FILE_NOT_FOUND')) {
      throw new StorageError('PRECONDITION_FAILED', 'the file does not exist', { cause: error.cause })
    }
    if (connection.etagForm !== undefined || !isStorageError(error, 'PRECONDITION_FAILED')) throw error
    if ((await find(connection, write))?.etag !== etag) throw error
    const result = await send({ IfMatch: bare })
    connection.etagForm = 'bare'
    return result
  }
}

/**
 * The headers of a condition on a copy or a completed upload; where the service ignores them there, the condition is checked by a request
 * of its own.
 */
export async function conditionsApart(connection: Connection, write: ConditionalWrite): Promise<NativeWriteConditions> {
  const { ifMatch, ifNoneMatch } = write.conditions
  if (ifMatch === undefined && ifNoneMatch === undefined) return {}
  if (connection.options.conditionalWrites === 'all') {
    if (ifNoneMatch !== undefined) return { IfNoneMatch: '*' }
    return { IfMatch: ifMatch === '*' ? (await present(connection, write)).etag : (ifMatch as string) }
  }
  checkWriteConditions(await find(connection, write), write.conditions)
  return {}
}
