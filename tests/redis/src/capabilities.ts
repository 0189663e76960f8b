import { type Capabilities, freezeCapabilities, mapHeaderAttributes } from '@stowage/core/provider'

const MiB = 1024 * 1024

/** The maximum size of a value. */
const maxFileSize = 512 * MiB
/** What the client and the server hold in memory for one request. */
const maxPutSize = 32 * MiB

/** What Redis can do with this layout. */
export const capabilities: Capabilities = freezeCapabilities({
  containerNames: {
    pattern: '[a-z0-9][a-z0-9-]{1,61}[a-z0-9]',
    minBytes: 3,
    maxBytes: 63,
    rule: '3 to 63 lower-case letters, digits and hyphens',
  },
  maxPageSize: 1000,
  fileBesideFolder: true,
  maxFileSize,
  maxPutSize,
  streamingPut: false,
  tellsReplaced: true,
  parts: { minPartSize: 1, maxPartSize: maxPutSize, maxParts: 10_000 },
  resumableUploads: true,
  conditions: { create: 'atomic', update: 'atomic', remove: 'atomic', destroyEmpty: 'atomic' },
  attributes: { ...mapHeaderAttributes(() => true), maxMetadataBytes: 16 * 1024 },
  checksums: ['md5', 'sha256'],
  signedUrls: false,
  acl: false,
  nativeOptions: [],
})
