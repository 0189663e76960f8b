import { type Capabilities, freezeCapabilities } from '@stowage/core/provider'

const MiB = 1024 ** 2
const GiB = 1024 * MiB
const TiB = 1024 * GiB

/** Bytes: the largest body of one request, and the largest part. */
export const maxPartSize = 5 * GiB
/** Bytes: the smallest part, except for the last one. */
export const minPartSize = 5 * MiB
export const maxParts = 10_000

/** Which conditional requests the service understands. */
export interface Understands {
  /** `all`: every write. `puts`: single puts, while copies and completed uploads ignore the condition. */
  readonly conditionalWrites: 'all' | 'puts' | false
  readonly conditionalRemovals: boolean
  /** Whether SHA-256 and CRC32C are verified and kept by the service. */
  readonly checksums: boolean
  /** Whether a signed URL takes no `x-amz-` headers that were not signed, such as `x-amz-copy-source`. */
  readonly sealedUrls: boolean
  /** Whether it is Amazon itself. */
  readonly amazon: boolean
  readonly maxMetadataBytes: number
}

export function capabilitiesOf(understands: Understands): Capabilities {
  const { conditionalWrites, conditionalRemovals, checksums, sealedUrls, amazon, maxMetadataBytes } = understands
  const writes = conditionalWrites === 'all' ? 'atomic' : conditionalWrites === 'puts' ? 'emulated' : false
  return freezeCapabilities({
    containerNames: {
      pattern:
        '(?!xn--|sthree-|amzn-s3-demo-)(?!\\d+\\.\\d+\\.\\d+\\.\\d+$)(?!.*(?:-s3alias|--ol-s3|\\.mrap|--x-s3|--table-s3)$)[a-z0-9](?:[a-z0-9]|-(?!\\.)|\\.(?![.-]))*(?<![.-])',
      minBytes: 3,
      maxBytes: 63,
      rule: '3 to 63 lower-case letters, digits, hyphens and single dots, beginning and ending with a letter or a digit, no IP address, and no beginning or end that Amazon keeps for itself',
    },
    maxPageSize: 1000,
    fileBesideFolder: true,
    maxFileSize: amazon ? maxParts * maxPartSize : 5 * TiB,
    maxPutSize: maxPartSize,
    streamingPut: false,
    parts: { minPartSize, maxPartSize, maxParts },
    conditions: {
      create: writes,
      update: writes,
      remove: conditionalRemovals ? 'atomic' : 'emulated',
      destroyEmpty: amazon ? 'atomic' : 'emulated',
    },
    attributes: {
      cacheControl: true,
      contentDisposition: true,
      contentEncoding: true,
      contentLanguage: true,
      expires: true,
      maxMetadataBytes,
    },
    checksums: checksums ? ['md5', 'sha256', 'crc32c'] : ['md5', 'sha256'],
    signedUrls: {
      maxExpiresIn: 7 * 24 * 60 * 60,
      sealed: sealedUrls,
      contentType: true,
      size: true,
      responseHeaders: true,
    },
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
