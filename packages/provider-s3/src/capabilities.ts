import { type Capabilities, freezeCapabilities, mapHeaderAttributes } from '@stowage/core/provider'
import { headerNames } from './mapping/header-names.js'

const MiB = 1024 ** 2
const GiB = 1024 * MiB
const TiB = 1024 * GiB

/** Bytes: the maximum body of one request, and the maximum part. */
export const maxPartSize = 5 * GiB
/** Bytes: the minimum part, except for the last one. */
export const minPartSize = 5 * MiB
export const maxParts = 10_000
/** Seconds for which a signed URL can be valid. */
const maxLifetime = 7 * 24 * 60 * 60

/** What the service supports beyond the basic S3 API. */
export interface ServiceFeatures {
  /**
   * `all`: every write. `puts`: uploads in one request; copies and completed multipart uploads
   * ignore conditions. `false`: none.
   */
  readonly conditionalWrites: 'all' | 'puts' | false
  readonly conditionalRemovals: boolean
  /** Whether the service verifies and stores SHA-256 and CRC32C. */
  readonly checksums: boolean
  /**
   * Whether the service rejects a request on a signed URL with unsigned `x-amz-` headers, such as
   * `x-amz-copy-source`.
   */
  readonly sealedUrls: boolean
  /** Whether the service refuses parts of a completed upload. */
  readonly directUploads: boolean
  /** Whether the service is Amazon S3. */
  readonly amazon: boolean
  /** Bytes of metadata that the service accepts per file. */
  readonly maxMetadataBytes: number
}

export function capabilitiesOf(features: ServiceFeatures): Capabilities {
  const { conditionalWrites, conditionalRemovals, checksums, sealedUrls, directUploads, amazon, maxMetadataBytes } =
    features
  const writes = conditionalWrites === 'all' ? 'atomic' : conditionalWrites === 'puts' ? 'emulated' : false
  return freezeCapabilities({
    containerNames: {
      pattern:
        '(?!xn--|sthree-|amzn-s3-demo-)(?!\\d+\\.\\d+\\.\\d+\\.\\d+$)(?!.*(?:-s3alias|--ol-s3|\\.mrap|--x-s3|--table-s3)$)[a-z0-9](?:[a-z0-9]|-(?!\\.)|\\.(?![.-]))*(?<![.-])',
      minBytes: 3,
      maxBytes: 63,
      rule: '3 to 63 lower-case letters, digits, hyphens and single dots; the first and the last are a letter or a digit; not an IP address; without a prefix or suffix that Amazon reserves',
    },
    maxPageSize: 1000,
    fileBesideFolder: true,
    maxFileSize: amazon ? maxParts * maxPartSize : 5 * TiB,
    maxPutSize: maxPartSize,
    streamingPut: false,
    parts: { minPartSize, maxPartSize, maxParts },
    resumableUploads: true,
    conditions: {
      create: writes,
      update: writes,
      remove: conditionalRemovals ? 'atomic' : 'emulated',
      destroyEmpty: amazon ? 'atomic' : 'emulated',
    },
    attributes: {
      ...mapHeaderAttributes((name) => name === 'expires' || name in headerNames),
      maxMetadataBytes,
    },
    checksums: checksums ? ['md5', 'sha256', 'crc32c'] : ['md5', 'sha256'],
    signedUrls: {
      maxExpiresIn: maxLifetime,
      sealed: sealedUrls,
      contentType: true,
      size: true,
      responseHeaders: true,
    },
    // A client could add `x-amz-copy-source`, unless the signature has the length of the body.
    ...(directUploads
      ? { directUploads: { maxExpiresIn: maxLifetime, size: true, unknownSize: sealedUrls, etag: true } }
      : {}),
    cors: true,
    acl: true,
    nativeOptions: [
      'StorageClass',
      'ServerSideEncryption',
      'SSEKMSKeyId',
      'SSECustomerAlgorithm',
      'SSECustomerKey',
      'SSECustomerKeyMD5',
    ],
  })
}
