/** What a plain directory supports. */
import { type Capabilities, freezeCapabilities, mapHeaderAttributes } from '@stowage/core/provider'
import { bookkeeping } from './disk/bookkeeping.js'
import { bookkeepingPattern } from './disk/folding.js'
import { platform } from './platform/platform.js'

export const capabilities: Capabilities = freezeCapabilities({
  containerNames: {
    pattern: `(?!\\.{1,2}$|${bookkeepingPattern}$)${platform.containerPattern}`,
    minBytes: 1,
    maxBytes: 255,
    rule: `1 to 255 bytes ${platform.containerRule}, and not ".", ".." or "${bookkeeping}" in any spelling`,
  },
  maxPageSize: 10_000,
  fileBesideFolder: false,
  maxFileSize: Number.MAX_SAFE_INTEGER,
  maxPutSize: Number.MAX_SAFE_INTEGER,
  streamingPut: true,
  tellsReplaced: true,
  parts: { minPartSize: 1, maxPartSize: 5_368_709_120, maxParts: 10_000 },
  resumableUploads: true,
  conditions: { create: 'atomic', update: 'atomic', remove: 'atomic', destroyEmpty: 'atomic' },
  attributes: {
    ...mapHeaderAttributes(() => true),
    maxMetadataBytes: 65_536,
  },
  checksums: ['md5', 'sha256'],
  signedUrls: false,
  acl: false,
  nativeOptions: [],
})
