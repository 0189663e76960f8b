/** Checks content types. */
import { invalid, shown } from './invalid.js'

/**
 * `type/subtype` with parameters (RFC 9110, 8.3.1): tokens, and values that are tokens or quoted
 * strings. Without tabs, like all attributes that are sent as headers.
 */
const mediaType =
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: *; *[!#$%&'*+.^_`|~0-9A-Za-z-]+=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[ !#-[\]-~]|\\[ -~])*"))*$/

/**
 * Checks that a value is a media type.
 *
 * @throws `INVALID_ARGUMENT`.
 */
export function checkContentType(value: unknown): asserts value is string {
  if (typeof value !== 'string' || value.length > 255 || !mediaType.test(value)) {
    throw invalid(
      'contentType',
      `contentType must be a media type, such as text/plain; charset=utf-8, not ${shown(value)}`,
    )
  }
}
