import { defined } from '@stowage/core/provider'
import { fromEnvironment } from '../environment.js'

export interface S3Keys {
  readonly keyId: string
  readonly key: string
}

/** What a client needs to reach a service that speaks S3. */
export interface S3Endpoint extends S3Keys {
  /** Left out for Amazon itself. */
  readonly endpoint?: string
  readonly region: string
  /** The name of the server, with its version if known. */
  readonly server: string
  /** Another account, which owns nothing that the first one has. */
  readonly other?: S3Keys
  /** For `bulkThrough`. */
  readonly seedUrl?: string
}

export interface S3Server extends S3Endpoint {
  stop(): Promise<void>
}

/**
 * The service given as `STOWAGE_TEST_<service>_KEY_ID`, `_KEY`, `_REGION` and `_ENDPOINT`, with
 * `_OTHER_KEY_ID` and `_OTHER_KEY`.
 */
export function s3FromEnvironment(service: string): S3Server | undefined {
  const real = fromEnvironment(service, ['KEY_ID', 'KEY'], ['REGION', 'ENDPOINT', 'OTHER_KEY_ID', 'OTHER_KEY'])
  if (real === undefined) return undefined
  return {
    keyId: real.KEY_ID,
    key: real.KEY,
    region: real.REGION ?? 'us-east-1',
    server: real.ENDPOINT === undefined ? 'Amazon S3' : 'a service given in the environment',
    ...defined({
      endpoint: real.ENDPOINT,
      other: real.OTHER_KEY_ID && real.OTHER_KEY ? { keyId: real.OTHER_KEY_ID, key: real.OTHER_KEY } : undefined,
    }),
    stop: async () => undefined,
  }
}
