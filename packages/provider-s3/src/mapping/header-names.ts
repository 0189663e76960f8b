import type { HeaderAttribute } from '@stowage/core/provider'

/**
 * The SDK's names of the header attributes. `Expires` is not included: the SDK writes it as a date
 * and reads it as text.
 */
export const headerNames = {
  cacheControl: 'CacheControl',
  contentDisposition: 'ContentDisposition',
  contentEncoding: 'ContentEncoding',
  contentLanguage: 'ContentLanguage',
} as const satisfies Record<Exclude<HeaderAttribute, 'expires'>, string>
