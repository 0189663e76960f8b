/**
 * The check of a content type.
 */
import { invalid, shown } from './invalid.js'

/**
 * `type/subtype` and parameters (RFC 9110, 8.3.1): tokens, and values that are tokens or quoted
 * strings. Without tabs, as all attributes that travel as headers.
 */
const mediaType =
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: *; *[!#$%&'*+.^_`|~0-9A-Za-z-]+=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[ !#-[\]-~]|\\[ -~])*"))*$/

/** Throws `INVALID_ARGUMENT` unless the value is a media type. */
export function checkContentType(value: unknown): asserts value is string {
  if (typeof value !== 'string' || value.length > 255 || !mediaType.test(value)) {
    throw invalid(
      'contentType',
      `contentType must be a media type, type/subtype with parameters as name=value, not ${shown(value)}`,
    )
  }
}
