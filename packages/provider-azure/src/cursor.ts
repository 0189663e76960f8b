/**
 * A page's `next`: plain data as printable text.
 */
import { StorageError } from '@stowage/core/provider'
import * as v from 'valibot'

export const encodeNext = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString('base64url')

/** `INVALID_ARGUMENT` when no page has given it. */
export function decodeNext<T>(schema: v.GenericSchema<unknown, T>, next: string): T {
  const text = Buffer.from(next, 'base64url').toString()
  const place = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text)
  if (!place.success || encodeNext(place.output) !== next) {
    throw new StorageError('INVALID_ARGUMENT', 'the cursor is not one of a page before', {
      details: { property: 'cursor' },
    })
  }
  return place.output
}
