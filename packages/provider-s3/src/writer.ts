import { PutObjectCommand } from '@aws-sdk/client-s3'
import { type ProviderBody, type PutCallOptions, StorageError, type WrittenFile } from '@stowage/core/provider'
import type { Connection } from './client/connection.js'
import { md5OfEtag, quoted } from './client/responses.js'
import { nativeAttributes, toBase64 } from './mapping/attributes.js'
import { writeWithConditions } from './mapping/conditions.js'
import { keyOf } from './mapping/names.js'

export async function putFile(
  connection: Connection,
  container: string,
  file: string,
  body: ProviderBody,
  options: PutCallOptions,
): Promise<WrittenFile> {
  const { signal, attributes, checksums, conditions } = options
  if (!(body instanceof Uint8Array)) {
    throw new StorageError('LENGTH_REQUIRED', 'the service requires a body in memory, not a stream')
  }
  const { md5, sha256, crc32c } = checksums
  const verified = connection.options.checksums
  const input = {
    Bucket: container,
    Key: keyOf(file),
    Body: body,
    ContentLength: body.length,
    ...nativeAttributes(connection, options),
    ContentMD5: md5 && toBase64(md5),
    ChecksumCRC32C: verified && crc32c ? toBase64(crc32c) : undefined,
    // The service accepts one checksum.
    ChecksumSHA256: verified && !crc32c && sha256 ? toBase64(sha256) : undefined,
  }
  const response = await writeWithConditions(connection, { container, file, conditions, signal }, (native) =>
    connection.send(new PutObjectCommand({ ...input, ...native }), signal, { container, file }),
  )
  const etag = quoted(response.ETag)
  return {
    ...attributes,
    container,
    name: file,
    size: body.length,
    etag,
    checksums: { ...md5OfEtag(etag, response, connection.options.amazon), ...checksums },
  }
}
