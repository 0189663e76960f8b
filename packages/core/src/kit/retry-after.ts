/** Parses the header `Retry-After`. */

/**
 * Returns the whole seconds that a `Retry-After` header asks for: a number, also with a fraction as
 * Swift sends it, or a date (RFC 9110, 10.2.3). Returns `undefined` for other values.
 *
 * @example
 * retryAfterSeconds('1.5') // 2
 */
export function retryAfterSeconds(header: string | readonly string[] | null | undefined): number | undefined {
  if (typeof header !== 'string') return undefined
  const seconds = /^\d+(\.\d+)?$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
}
