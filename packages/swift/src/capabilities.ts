import { type Capabilities, freezeCapabilities, mapHeaderAttributes } from '@stowage/core/provider'
import { maxMetadataBytes } from './mapping/attributes.js'
import { containerNames } from './mapping/names.js'

const GiB = 1024 ** 3

/** Swift's `max_file_size`, in bytes: the maximum body of one request, and the maximum segment. */
const maxPutSize = 5 * GiB
/** Seconds for which a signed URL can be valid. Swift has no limit. */
const maxLifetime = 365 * 24 * 60 * 60
/** Swift's `max_manifest_segments`. */
export const maxParts = 1000

/** What Swift supports with its default settings. */
export const swiftCapabilities: Capabilities = freezeCapabilities({
  containerNames,
  // One less than Swift's `container_listing_limit`: one more entry shows whether there is a next
  // page.
  maxPageSize: 9999,
  fileBesideFolder: true,
  maxFileSize: maxParts * maxPutSize,
  maxPutSize,
  streamingPut: false,
  parts: { minPartSize: 1, maxPartSize: maxPutSize, maxParts },
  resumableUploads: true,
  // Swift supports `If-None-Match: *`, but checks it before it reads the body: several of
  // concurrent writers may succeed. It does not support `If-Match` on writes and deletions.
  // Container databases are updated a little later, so a container that has a file may count as
  // empty.
  conditions: { create: 'emulated', update: 'emulated', remove: 'emulated', destroyEmpty: 'emulated' },
  attributes: {
    ...mapHeaderAttributes(() => true),
    maxMetadataBytes,
  },
  checksums: ['md5', 'sha256'],
  signedUrls: {
    // Swift sets no limit. No key should be used for a year.
    maxExpiresIn: maxLifetime,
    sealed: true,
    contentType: false,
    size: false,
    responseHeaders: false,
  },
  directUploads: { maxExpiresIn: maxLifetime, size: false, unknownSize: true, etag: true, acceptsLateParts: true },
  cors: true,
  acl: false,
  nativeOptions: [],
})
