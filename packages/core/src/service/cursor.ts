/** Cursors: a provider's position in a list, bound to that list. */
import { hash } from 'node:crypto'
import { invalid } from '../checks/invalid.js'

/** Identifies a list. A cursor is valid only for the list that it was made for. */
export type ListIdentity = readonly (string | undefined)[]

const digestLength = 12

const digest = (list: ListIdentity, next: string) =>
  hash('sha256', JSON.stringify([list, next]), 'base64url').slice(0, digestLength)

/** Makes a cursor, which is opaque and safe in a URL. */
export function encodeCursor(list: ListIdentity, next: string): string {
  return digest(list, next) + Buffer.from(next).toString('base64url')
}

/**
 * Returns the provider's position.
 *
 * @throws `INVALID_ARGUMENT` if the cursor was not made for this list.
 */
export function decodeCursor(list: ListIdentity, cursor: string): string {
  const next = typeof cursor === 'string' ? Buffer.from(cursor.slice(digestLength), 'base64url').toString() : ''
  if (typeof cursor !== 'string' || encodeCursor(list, next) !== cursor) {
    throw invalid('cursor', 'invalid cursor: it was changed, or belongs to another container, prefix or delimiter')
  }
  return next
}
