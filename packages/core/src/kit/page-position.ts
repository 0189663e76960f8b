/** The provider's position in a list, as the opaque `next` of a page. */
import { StorageError } from '../contract/errors.js'

/**
 * Encodes plain data as a text that is safe in a URL.
 *
 * @example
 * const next = encodePosition('photos/1.jpg')
 */
export const encodePosition = (position: unknown): string => Buffer.from(JSON.stringify(position)).toString('base64url')

/**
 * Returns the data that was passed to {@link encodePosition}, or `undefined` for the first page,
 * which has no `next`.
 *
 * @param isPosition Returns whether a value is a position in this list.
 * @throws `INVALID_ARGUMENT` if the text does not come from a page.
 *
 * @example
 * const after = decodePosition(next, isName) ?? startAfter
 */
export function decodePosition<T>(next: string | undefined, isPosition: (value: unknown) => value is T): T | undefined {
  if (next === undefined) return undefined
  const position = parse(Buffer.from(next, 'base64url').toString())
  if (!isPosition(position) || encodePosition(position) !== next) throw invalidPosition()
  return position
}

/** Returns whether a position is the name after which the page begins. */
export const isName = (value: unknown): value is string => typeof value === 'string'

/** Makes the error for a `next` that does not come from a page of the list. */
export const invalidPosition = (): StorageError =>
  new StorageError('INVALID_ARGUMENT', 'the cursor does not come from an earlier page of this list', {
    details: { property: 'cursor' },
  })

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
