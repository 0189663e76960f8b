/**
 * A provider's position in a list, as the opaque `next` of a page.
 */
import { StorageError } from '../contract/errors.js'

/**
 * Plain data as a text that is safe in a URL.
 *
 * @example
 * const next = encodePosition('photos/1.jpg')
 */
export const encodePosition = (position: unknown): string => Buffer.from(JSON.stringify(position)).toString('base64url')

/**
 * What {@link encodePosition} was given; `undefined` on the first page, which has no `next`. Throws
 * `INVALID_ARGUMENT` when the text comes from no page.
 *
 * @param isPosition Whether a value can be a position in this list.
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

/** Whether a position is the name after which the page begins. */
export const isName = (value: unknown): value is string => typeof value === 'string'

/** The error for a `next` that comes from no page of the list. */
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
