/** CORS: which pages may send requests to signed URLs. */
import { DeleteBucketCorsCommand, PutBucketCorsCommand } from '@aws-sdk/client-s3'
import type { CallOptions } from '@stowage/core/provider'
import type { Connection } from './client/connection.js'

/** Seconds for which browsers remember a preflight response. */
const maxAge = 3600

export async function allowOrigins(
  connection: Connection,
  container: string,
  origins: readonly string[],
  { signal }: CallOptions,
): Promise<void> {
  if (origins.length === 0) {
    await connection.send(new DeleteBucketCorsCommand({ Bucket: container }), signal, { container })
    return
  }
  const rule = {
    AllowedOrigins: [...origins],
    AllowedMethods: ['GET', 'HEAD', 'PUT', 'POST'],
    AllowedHeaders: ['*'],
    ExposeHeaders: ['ETag', 'Content-Range', 'Accept-Ranges'],
    MaxAgeSeconds: maxAge,
  }
  const command = new PutBucketCorsCommand({ Bucket: container, CORSConfiguration: { CORSRules: [rule] } })
  await connection.send(command, signal, { container })
}
