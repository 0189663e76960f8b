/**
 * The pieces of work that every client of a cloud is given.
 */
export type Job =
  /** One body of a length that is not said before. */
  | { readonly work: 'up'; readonly container: string; readonly file: string; readonly size: number }
  | { readonly work: 'down'; readonly container: string; readonly file: string; readonly size: number }
  /** Files `file-000000.bin` and so on, each of so many bytes, so many at once. */
  | { readonly work: 'upMany'; readonly container: string; readonly count: number; readonly size: number }
  | { readonly work: 'downMany'; readonly container: string; readonly count: number; readonly size: number }
  /** The names of all files. */
  | { readonly work: 'list'; readonly container: string; readonly count: number }

export const atOnce = 32

export const manyName = (index: number): string => `file-${String(index).padStart(6, '0')}.bin`

/** What a client says when it is done with a job. */
export interface Outcome {
  readonly seconds: number
  /** Seconds of processor time of the client. */
  readonly processor: number
  /** Bytes that were moved, or names that were listed. */
  readonly moved: number
}
