import { type Capabilities, freezeCapabilities } from '@stowage/core/provider'
import { containerNames } from './names.js'

const MiB = 1024 * 1024

/** Blocks of a blob, and bytes of a block ("Scalability and performance targets for Blob storage"). */
export const maxBlocks = 50_000
const maxBlockSize = 4000 * MiB

/** Seven days: the longest that a user delegation key is good for. */
const maxDelegation = 7 * 24 * 60 * 60
/** Azure sets no limit for URLs signed with the account's key. Ten years are longer than any key should be used. */
const maxSigned = 10 * 365 * 24 * 60 * 60

/** How URLs can be signed: with the account's key, with a key that Entra ID gives, or not at all. */
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
    conditions: { create: 'atomic', update: 'atomic', remove: 'atomic', destroyEmpty: 'emulated' },
    attributes: {
      cacheControl: true,
      contentDisposition: true,
      contentEncoding: true,
      contentLanguage: true,
      expires: false,
      // Half of what Azure takes: values in other scripts grow by a third when they become headers, and more when short.
      maxMetadataBytes: 4096,
    },
    checksums: ['md5'],
    signedUrls:
      signing === undefined
        ? false
        : {
            maxExpiresIn: signing === 'account' ? maxSigned : maxDelegation,
            // A copy's source needs a permission of its own.
            sealed: true,
            contentType: false,
            size: false,
            responseHeaders: true,
          },
    acl: false,
    nativeOptions: ['accessTier', 'tags'],
  })
