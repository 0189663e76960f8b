/**
 * Places in lists: what a provider's `next` says.
 */
import { type ListFilesCallOptions, StorageError } from '@stowage/core/provider'

/** When a list began. */
export interface ListStart {
  /** Milliseconds since the epoch. */
  readonly began: number
  /** Whether a page of the list was given before. */
  readonly continues: boolean
}

/** Where a page begins. */
export interface ListPosition extends ListStart {
  /** The name after which it begins. */
  readonly after: string
}

export const encodeNext = ({ prefix, delimiter = '' }: ListFilesCallOptions, after: string, began: number): string =>
  JSON.stringify([prefix, delimiter, after, began])

export function positionOf(options: ListFilesCallOptions): ListPosition {
  const { next, startAfter = '', prefix } = options
  if (next === undefined) return { after: startAfter, began: Date.now(), continues: false }
  const { after, began } = decodeNext(next)
  if (!after.startsWith(prefix) || encodeNext(options, after, began) !== next) {
    throw new StorageError('INVALID_ARGUMENT', 'this is not the place where a page of this list ended', {
      details: { property: 'next' },
    })
  }
  return { after, began, continues: true }
}

/** What is no `next` gives a place whose own `next` is another. */
function decodeNext(next: string): { readonly after: string; readonly began: number } {
  try {
    const value: unknown = JSON.parse(next)
    const [, , after, began]: unknown[] = Array.isArray(value) ? value : []
    if (typeof after === 'string' && typeof began === 'number') return { after, began }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return { after: '', began: 0 }
}
