/** Direct uploads: clients send parts to presigned URLs of `UploadPart`. */
import { UploadPartCommand } from '@aws-sdk/client-s3'
import {
  defined,
  type PartUpload,
  type SignedUrl,
  type SignPartCallOptions,
  StorageError,
} from '@stowage/core/provider'
import type { Connection } from './client/connection.js'
import { explain } from './mapping/errors.js'
import { signWrite } from './signing.js'
import { addressOf } from './uploads.js'

/** Signs a URL for one part. If the size is known, it is part of the signature. */
export async function signPart(
  connection: Connection,
  upload: PartUpload,
  { partNumber, size, expiresIn }: SignPartCallOptions,
): Promise<SignedUrl> {
  const { container, file } = upload
  if (connection.options.customerKey !== undefined) {
    throw new StorageError('NOT_SUPPORTED', 'a client would need the key SSECustomerKey to send a part', {
      details: { capability: 'directUploads' },
    })
  }
  const expires = new Date(Date.now() + expiresIn * 1000)
  const command = new UploadPartCommand({
    ...addressOf(upload),
    PartNumber: partNumber,
    ...defined({ ContentLength: size }),
  })
  try {
    const url = await signWrite(connection, command, expiresIn, size === undefined ? [] : ['content-length'])
    return { url, method: 'PUT', headers: {}, expires }
  } catch (error) {
    throw explain(error, { container, file })
  }
}
