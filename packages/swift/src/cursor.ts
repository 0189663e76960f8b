import { StorageError } from '@stowage/core/provider'

const mark = 'after:'

/** A page's `next`: the last name that was shown. What comes or goes between pages changes nothing else. */
export const encodeNext = (name: string): string => Buffer.from(mark + name).toString('base64url')

/** The name in a page's `next`; `INVALID_ARGUMENT` when no page has given it. */
export function decodeNext(next: string | undefined): string | undefined {
  if (next === undefined) return undefined
  const text = Buffer.from(next, 'base64url').toString()
  const name = text.slice(mark.length)
  if (!text.startsWith(mark) || encodeNext(name) !== next) {
    throw new StorageError('INVALID_ARGUMENT', 'the cursor is not one of a page before', {
      details: { property: 'cursor' },
    })
  }
  return name
}
