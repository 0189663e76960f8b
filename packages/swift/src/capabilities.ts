import { type Capabilities, freezeCapabilities, mapHeaderAttributes } from '@stowage/core/provider'
import { maxMetadataBytes } from './metadata.js'
import { containerNames } from './names.js'

const GiB = 1024 ** 3

/** Swift's `max_file_size`: the largest body of one request, and the largest segment. */
const maxPutSize = 5 * GiB
/** Swift's `max_manifest_segments`. */
export const maxParts = 1000

/** What a Swift with its usual settings can do. */
export const swiftCapabilities: Capabilities = freezeCapabilities({
  containerNames,
  // One less than Swift's `container_listing_limit`: the one more tells whether there is a next page.
  maxPageSize: 9999,
  fileBesideFolder: true,
  maxFileSize: maxParts * maxPutSize,
  maxPutSize,
  streamingPut: false,
  parts: { minPartSize: 1, maxPartSize: maxPutSize, maxParts },
  // `If-None-Match: *` is Swift's own, but is looked at before the body is read: of several writers at once more than one may
  // win. Swift does not know `If-Match` on writes and removals.
  // Container databases learn of new objects a little later, so one that holds a file may count as empty.
  conditions: { create: 'emulated', update: 'emulated', remove: 'emulated', destroyEmpty: 'emulated' },
  attributes: {
    ...mapHeaderAttributes(() => true),
    maxMetadataBytes,
  },
  checksums: ['md5', 'sha256'],
  signedUrls: {
    // Swift sets no limit. A year is longer than any key should be used.
    maxExpiresIn: 365 * 24 * 60 * 60,
    sealed: true,
    contentType: false,
    size: false,
    responseHeaders: false,
  },
  acl: false,
  nativeOptions: [],
})
