/**
 * Places in lists: what a provider's `next` says.
 */
import { decodePosition, encodePosition, invalidPosition, type ListFilesCallOptions } from '@stowage/core/provider'

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

type Position = readonly [prefix: string, delimiter: string, after: string, began: number]

export const encodeNext = ({ prefix, delimiter = '' }: ListFilesCallOptions, after: string, began: number): string =>
  encodePosition([prefix, delimiter, after, began] satisfies Position)

/** Where the page begins; `INVALID_ARGUMENT` when its `next` comes from another list. */
export function positionOf(options: ListFilesCallOptions): ListPosition {
  const { next, startAfter = '', prefix, delimiter = '' } = options
  const position = decodePosition(next, isPosition)
  if (position === undefined) return { after: startAfter, began: Date.now(), continues: false }
  const [listedPrefix, listedDelimiter, after, began] = position
  if (listedPrefix !== prefix || listedDelimiter !== delimiter || !after.startsWith(prefix)) throw invalidPosition()
  return { after, began, continues: true }
}

const isPosition = (value: unknown): value is Position =>
  Array.isArray(value) &&
  value.length === 4 &&
  value.slice(0, 3).every((part) => typeof part === 'string') &&
  typeof value[3] === 'number'
