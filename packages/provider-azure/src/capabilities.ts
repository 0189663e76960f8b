import { type Capabilities, freezeCapabilities, mapHeaderAttributes } from '@stowage/core/provider'
import { blobHeaderNames } from './mapping/attributes.js'
import { containerNames } from './mapping/names.js'

const MiB = 1024 * 1024

/**
 * Blocks of a blob, and bytes of a block ("Scalability and performance targets for Blob storage").
 */
export const maxBlocks = 50_000
const maxBlockSize = 4000 * MiB

/** Seconds: a user delegation key is valid for at most seven days. */
const maxDelegation = 7 * 24 * 60 * 60
/**
 * Seconds. Azure sets no limit for URLs that are signed with the account's key. No key should be
 * used for ten years.
 */
const maxSigned = 10 * 365 * 24 * 60 * 60

/** How URLs are signed: with the account's key, with a key from Entra ID, or not at all. */
export type Signing = 'account' | 'delegation' | undefined

export const capabilitiesFor = (signing: Signing): Capabilities =>
  freezeCapabilities({
    containerNames,
    maxPageSize: 5000,
    fileBesideFolder: true,
    maxFileSize: maxBlocks * maxBlockSize,
    maxPutSize: 5000 * MiB,
    streamingPut: false,
    parts: { minPartSize: 1, maxPartSize: maxBlockSize, maxParts: maxBlocks },
    resumableUploads: true,
    conditions: { create: 'atomic', update: 'atomic', remove: 'atomic', destroyEmpty: 'emulated' },
    attributes: {
      ...mapHeaderAttributes((name) => name in blobHeaderNames),
      // Half of Azure's limit: values in other scripts grow by a third when they become headers,
      // and short ones more.
      maxMetadataBytes: 4096,
    },
    checksums: ['md5'],
    signedUrls:
      signing === undefined
        ? false
        : {
            maxExpiresIn: signing === 'account' ? maxSigned : maxDelegation,
            // A copy needs a separate permission for its source.
            sealed: true,
            contentType: false,
            size: false,
            responseHeaders: true,
          },
    ...(signing === undefined
      ? {}
      : {
          directUploads: {
            maxExpiresIn: signing === 'account' ? maxSigned : maxDelegation,
            size: false,
            unknownSize: true,
            etag: false,
            acceptsLateParts: true,
          },
        }),
    acl: false,
    nativeOptions: ['accessTier', 'tags'],
  })
