import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { NamesOf } from '@stowage/core/provider'
import { HttpTransport } from '@stowage/http-transport'
import type { Understands } from './capabilities.js'
import { addTransportRules } from './middleware.js'
import { requestHandlerOver } from './request-handler.js'
import type { S3Settings } from './settings.js'

export interface S3ProviderOptions extends S3Settings {
  /** Instead of `key` and `keyId`: credentials, or a function that gets them, as the SDK takes them. */
  readonly credentials?: S3ClientConfig['credentials']
}

export const s3OptionNames = {
  credentials: true,
  key: true,
  keyId: true,
  sessionToken: true,
  profile: true,
  region: true,
  endpoint: true,
  forcePathStyle: true,
  useAccelerateEndpoint: true,
  useDualstackEndpoint: true,
  useFipsEndpoint: true,
  conditionalWrites: true,
  conditionalRemovals: true,
  checksums: true,
  sealedUrls: true,
  maxMetadataBytes: true,
  maxConnections: true,
  connectTimeout: true,
  idleTimeout: true,
  maxCopySize: true,
  SSECustomerKey: true,
} as const satisfies NamesOf<S3ProviderOptions>

export function whatItUnderstands({ endpoint, ...options }: S3ProviderOptions): Understands {
  const amazon = endpoint === undefined
  return {
    amazon,
    conditionalWrites: options.conditionalWrites ?? (amazon ? 'all' : 'puts'),
    conditionalRemovals: options.conditionalRemovals ?? amazon,
    checksums: options.checksums ?? amazon,
    sealedUrls: options.sealedUrls ?? amazon,
    maxMetadataBytes: options.maxMetadataBytes ?? 2048,
  }
}

export function createClient(options: S3ProviderOptions): S3Client {
  const { endpoint, key, keyId, sessionToken, maxConnections = 128 } = options
  const { checksums, amazon } = whatItUnderstands(options)
  const credentials =
    options.credentials ??
    (key === undefined || keyId === undefined
      ? undefined
      : { accessKeyId: keyId, secretAccessKey: key, ...(sessionToken === undefined ? {} : { sessionToken }) })
  const region = options.region ?? (amazon ? undefined : 'us-east-1')
  const client = new S3Client({
    ...(credentials === undefined ? {} : { credentials }),
    ...(region === undefined ? {} : { region }),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(endpoint === undefined ? { followRegionRedirects: true } : { endpoint }),
    forcePathStyle: options.forcePathStyle ?? !amazon,
    useAccelerateEndpoint: options.useAccelerateEndpoint ?? false,
    useDualstackEndpoint: options.useDualstackEndpoint ?? false,
    useFipsEndpoint: options.useFipsEndpoint ?? false,
    // Core repeats what can be repeated, by one rule for all providers.
    maxAttempts: 1,
    // Asking for permission to send a body costs a round trip each.
    expectContinueHeader: false,
    requestChecksumCalculation: checksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
    // Checked by core, on request; in the SDK a checked stream does not say when its connection breaks.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: requestHandlerOver(
      new HttpTransport({ maxConnections, connectTimeout: options.connectTimeout, idleTimeout: options.idleTimeout }),
    ),
  })
  addTransportRules(client, { checksums })
  return client
}
