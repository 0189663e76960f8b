import { type Capabilities, freezeCapabilities, mapHeaderAttributes } from '@stowage/core/provider'

const MiB = 1024 * 1024

/**
 * What this provider supports. It accepts bytes and no streams, as most services do, so an
 * application's tests use the same buffering and multipart uploads as its production.
 */
export const defaultCapabilities: Capabilities = freezeCapabilities({
  containerNames: {
    pattern: '(?!\\.{1,2}$)[^/\\0]+',
    minBytes: 1,
    maxBytes: 255,
    rule: '1 to 255 bytes of UTF-8 without "/" and NUL, and neither "." nor ".."',
  },
  maxPageSize: 1000,
  fileBesideFolder: true,
  maxFileSize: 2048 * MiB,
  maxPutSize: 64 * MiB,
  streamingPut: false,
  parts: { minPartSize: 1, maxPartSize: 64 * MiB, maxParts: 10_000 },
  resumableUploads: true,
  conditions: { create: 'atomic', update: 'atomic', remove: 'atomic', destroyEmpty: 'atomic' },
  attributes: {
    ...mapHeaderAttributes(() => true),
    maxMetadataBytes: 8192,
  },
  checksums: ['md5', 'sha256'],
  signedUrls: false,
  acl: false,
  nativeOptions: [],
})
