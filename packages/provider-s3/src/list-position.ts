/**
 * Where a page of a list begins.
 */

/** The service's own token, or the last name when the service returns everything at once. */
export type ListPosition = readonly [kind: 'token' | 'after', value: string]

export const isPosition = (value: unknown): value is ListPosition =>
  Array.isArray(value) &&
  value.length === 2 &&
  (value[0] === 'token' || value[0] === 'after') &&
  typeof value[1] === 'string'
