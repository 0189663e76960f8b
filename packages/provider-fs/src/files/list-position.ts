/** Positions in lists: the content of a provider's `next`. */
import { decodePosition, encodePosition, invalidPosition, type ListFilesCallOptions } from '@stowage/core/provider'

/** The start of a list. */
export interface ListStart {
  /** Milliseconds since the epoch. */
  readonly began: number
  /** Whether this page continues a list. */
  readonly continues: boolean
}

/** The position of a page. */
export interface ListPosition extends ListStart {
  /** The name after which the page begins. */
  readonly after: string
}

type Position = readonly [prefix: string, delimiter: string, after: string, began: number]

export const encodeNext = ({ prefix, delimiter = '' }: ListFilesCallOptions, after: string, began: number): string =>
  encodePosition([prefix, delimiter, after, began] satisfies Position)

/** Returns the position of the page. Throws `INVALID_ARGUMENT` if `next` is from another list. */
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
