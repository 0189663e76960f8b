import { type Capabilities, freezeCapabilities, mapHeaderAttributes } from '@stowage/core/provider'

const MiB = 1024 * 1024

/** What the service can do. Core rejects everything else before it calls the provider. */
export const capabilities: Capabilities = freezeCapabilities({
  containerNames: {
    pattern: '[a-z0-9][a-z0-9-]{1,61}[a-z0-9]',
    minBytes: 3,
    maxBytes: 63,
    rule: '3 to 63 lower-case letters, digits and hyphens',
  },
  maxPageSize: 1000,
  fileBesideFolder: true,
  maxFileSize: 64 * MiB,
  maxPutSize: 64 * MiB,
  streamingPut: false,
  parts: false,
  conditions: { create: 'atomic', update: 'atomic', remove: 'atomic', destroyEmpty: 'atomic' },
  attributes: { ...mapHeaderAttributes(() => true), maxMetadataBytes: 2048 },
  checksums: [],
  signedUrls: false,
  acl: false,
  nativeOptions: [],
})
