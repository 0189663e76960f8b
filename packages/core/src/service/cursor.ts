/**
 * Cursors: a provider's place in a list, bound to the list it belongs to.
 */
import { hash } from 'node:crypto'
import { invalid } from '../checks/invalid.js'

/** What a list is of; a cursor is good for the same alone. */
export type ListIdentity = readonly (string | undefined)[]

const digestLength = 12

const digest = (list: ListIdentity, next: string) =>
  hash('sha256', JSON.stringify([list, next]), 'base64url').slice(0, digestLength)

/** Opaque, and safe in a URL. */
export function encodeCursor(list: ListIdentity, next: string): string {
  return digest(list, next) + Buffer.from(next).toString('base64url')
}

/** The provider's place; `INVALID_ARGUMENT` when the cursor was not made for this list. */
export function decodeCursor(list: ListIdentity, cursor: string): string {
  const next = typeof cursor === 'string' ? Buffer.from(cursor.slice(digestLength), 'base64url').toString() : ''
  if (typeof cursor !== 'string' || encodeCursor(list, next) !== cursor) {
    throw invalid(
      'cursor',
      'the cursor is not one of this list: it was changed, or belongs to another container, prefix or delimiter',
    )
  }
  return next
}
