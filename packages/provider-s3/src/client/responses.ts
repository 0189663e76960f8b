/** What the headers of responses mean. */
import type { Checksums } from '@stowage/core/provider'

/** The headers of a response that say how the content is encrypted. */
interface Encryption {
  readonly ServerSideEncryption?: string
  readonly SSECustomerAlgorithm?: string
}

/**
 * Returns the MD5 that an ETag contains: that of content which was sent in one request, and is not
 * encrypted in a way that changes the ETag. With Amazon's own keys the ETag stays the MD5. Other
 * services do not document it.
 */
export function md5OfEtag(etag: string, encryption: Encryption, amazon: boolean): Pick<Checksums, 'md5'> {
  const { ServerSideEncryption: server, SSECustomerAlgorithm: customer } = encryption
  const plain = customer === undefined && (server === undefined || (amazon && server === 'AES256'))
  const md5 = /^"([0-9a-f]{32})"$/.exec(etag)?.[1]
  return plain && md5 !== undefined ? { md5 } : {}
}

/** Adds the quotes that some responses omit from ETags. */
export const quoted = (etag: string | undefined): string =>
  etag === undefined || etag === '' || etag.startsWith('"') ? (etag ?? '') : `"${etag}"`

/**
 * Rounds a date down to seconds, the precision of headers. Lists of some services are more precise.
 */
export const wholeSeconds = (date: Date | undefined): Date => new Date(Math.floor((date?.getTime() ?? 0) / 1000) * 1000)
