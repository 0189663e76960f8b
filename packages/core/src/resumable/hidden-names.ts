/**
 * The hidden files of a resumable upload. Each says in its name what it is, so that one list tells
 * the whole state:
 * - `<key>/piece-<start>-<end>`: bytes of the file that are not in a part yet, from `start` up to
 *   and without `end`. Immutable: the same name always has the same bytes.
 * - `<key>/size-<bytes>`: the file's size, if it was declared after the start.
 * - `<key>/finishing-<size>`: the upload is being completed, or was.
 * - `<key>/partial`: this is a partial upload, all of whose bytes are in pieces.
 * - `<key>/finished`: the upload is complete. Its content is the file's properties, as JSON, and
 *   the id of an upload with late parts.
 * - `<key>/aborted`: an upload with late parts was aborted. Its content is the name of the file and
 *   the id, as JSON.
 */
import type { HiddenFile } from '../contract/provider.js'
import { defined } from '../kit/defined.js'

/** Bytes of the file that are stored, and not in a part yet. */
export interface Piece {
  readonly name: string
  readonly start: number
  /** The position after the last byte. */
  readonly end: number
}

/** What the hidden files of an upload say. */
export interface HiddenState {
  readonly pieces: readonly Piece[]
  /** The size that was declared after the start. */
  readonly size?: number
  /** The size with which completion began. */
  readonly finishing?: number
  readonly finished: boolean
  readonly partial: boolean
}

export const groupOf = (key: string): string => `${key}/`
export const pieceName = (key: string, start: number, end: number): string => `${key}/piece-${start}-${end}`
export const sizeName = (key: string, size: number): string => `${key}/size-${size}`
export const finishingName = (key: string, size: number): string => `${key}/finishing-${size}`
export const partialName = (key: string): string => `${key}/partial`
export const finishedName = (key: string): string => `${key}/finished`
export const abortedName = (key: string): string => `${key}/aborted`

/** Returns what the names of an upload's hidden files say. */
export function parseHiddenFiles(files: readonly HiddenFile[]): HiddenState {
  const pieces: Piece[] = []
  let size: number | undefined
  let finishing: number | undefined
  let finished = false
  let partial = false
  for (const { name } of files) {
    const [, kind, first, second] = /\/([a-z]+)(?:-(\d+))?(?:-(\d+))?$/.exec(name) ?? []
    if (kind === 'piece') pieces.push({ name, start: Number(first), end: Number(second) })
    else if (kind === 'size') size = Math.min(size ?? Number.POSITIVE_INFINITY, Number(first))
    else if (kind === 'finishing') finishing = Number(first)
    else if (kind === 'finished') finished = true
    else if (kind === 'partial') partial = true
  }
  return {
    pieces,
    finished,
    partial,
    ...defined({ size, finishing }),
  }
}

/**
 * Returns the pieces that continue the file from a position without a gap, in order, and the
 * position after the last of them. Pieces may overlap: two requests may have stored the same bytes.
 */
export function chainFrom(pieces: readonly Piece[], position: number): { pieces: Piece[]; end: number } {
  const chain: Piece[] = []
  let end = position
  for (;;) {
    let longest: Piece | undefined
    for (const piece of pieces) {
      if (piece.start <= end && piece.end > Math.max(end, longest?.end ?? end)) longest = piece
    }
    if (longest === undefined) return { pieces: chain, end }
    chain.push(longest)
    end = longest.end
  }
}
