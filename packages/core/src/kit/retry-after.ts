/**
 * The header `Retry-After`.
 */

/**
 * Whole seconds from a `Retry-After` header: seconds, also with a fraction as Swift sends them, or
 * a date (RFC 9110, 10.2.3). `undefined` for anything else.
 *
 * @example
 * retryAfterSeconds('1.5') // 2
 */
export function retryAfterSeconds(header: string | readonly string[] | null | undefined): number | undefined {
  if (typeof header !== 'string') return undefined
  const seconds = /^\d+(\.\d+)?$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
}
