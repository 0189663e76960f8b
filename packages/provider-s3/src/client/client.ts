/** The SDK's client, and what the service supports, from the provider's options. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { defined } from '@stowage/core/provider'
import { HttpTransport } from '@stowage/http-transport'
import type { ServiceFeatures } from '../capabilities.js'
import type { S3Settings } from '../settings.js'
import { addTransportRules } from './middleware.js'
import { createRequestHandler } from './request-handler.js'

export interface S3ProviderOptions extends S3Settings {
  /**
   * Instead of `key` and `keyId`: credentials, or a function that returns them, as the SDK accepts
   * them.
   */
  readonly credentials?: S3ClientConfig['credentials']
}

/**
 * Returns what the service supports: what the options say, with defaults for Amazon and for other
 * services.
 */
export function featuresOf({ endpoint, ...options }: S3ProviderOptions): ServiceFeatures {
  const amazon = endpoint === undefined
  return {
    amazon,
    conditionalWrites: options.conditionalWrites ?? (amazon ? 'all' : 'puts'),
    conditionalRemovals: options.conditionalRemovals ?? amazon,
    checksums: options.checksums ?? amazon,
    sealedUrls: options.sealedUrls ?? amazon,
    directUploads: options.directUploads ?? true,
    maxMetadataBytes: options.maxMetadataBytes ?? 2048,
  }
}

/** Creates the client without any I/O. */
export function createClient(options: S3ProviderOptions): S3Client {
  const { endpoint, key, keyId, sessionToken, maxConnections = 128 } = options
  const { checksums, amazon } = featuresOf(options)
  const credentials =
    options.credentials ??
    (key === undefined || keyId === undefined
      ? undefined
      : defined({ accessKeyId: keyId, secretAccessKey: key, sessionToken }))
  const region = options.region ?? (amazon ? undefined : 'us-east-1')
  const client = new S3Client({
    ...defined({ credentials, region, profile: options.profile }),
    ...(endpoint === undefined ? { followRegionRedirects: true } : { endpoint }),
    forcePathStyle: options.forcePathStyle ?? !amazon,
    useAccelerateEndpoint: options.useAccelerateEndpoint ?? false,
    useDualstackEndpoint: options.useDualstackEndpoint ?? false,
    useFipsEndpoint: options.useFipsEndpoint ?? false,
    // Core retries, by one rule for all providers.
    maxAttempts: 1,
    // Each `Expect: 100-continue` would cost a round trip.
    expectContinueHeader: false,
    requestChecksumCalculation: checksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
    // Core verifies checksums on request. A stream that the SDK verifies does not report a broken
    // connection.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: createRequestHandler(
      new HttpTransport({ maxConnections, connectTimeout: options.connectTimeout, idleTimeout: options.idleTimeout }),
    ),
  })
  addTransportRules(client, { checksums })
  return client
}
