/**
 * A part of the bench, what it is run with, and what it finds.
 */

export interface Settings {
  readonly long: boolean
  /** Interleaved runs of which the median is taken. */
  readonly rounds: number
  /** The parts whose names contain one of these; all if it is empty. */
  readonly only: readonly string[]
  /** A line about the current step. */
  readonly say: (line: string) => void
}

/** What was measured, in these units. */
export interface Figures {
  /** Seconds of the server's processor time for each GiB of content. */
  readonly 'CPU s/GiB'?: number
  readonly 'MiB/s'?: number
  /** Microseconds of the server's processor time for each request. */
  readonly 'CPU µs/request'?: number
  readonly 'CPU ms'?: number
  readonly 'requests/s'?: number
  readonly 'wall s'?: number
  readonly 'p50 ms'?: number
  readonly 'p99 ms'?: number
  /** The most memory that the server had at any time. */
  readonly 'peak MiB'?: number
  /** The same, less what it had when it had done nothing yet. */
  readonly 'above idle MiB'?: number
  /** The share of a core that made the requests: close to 1, that was the limit. */
  readonly 'generator load'?: number
  readonly 'µs/call'?: number
  readonly 'import ms'?: number
  /** From the start of the process to the first response. */
  readonly 'cold start ms'?: number
  /** The program in one file, minified. */
  readonly 'bundle kB'?: number
  readonly 'gzip kB'?: number
  readonly 'installed kB'?: number
  readonly 'of it its own kB'?: number
  readonly packages?: number
}

export interface Row {
  /** What was done, such as `download of 1 GiB`. */
  readonly work: string
  /** Who did it. */
  readonly name: string
  readonly rounds: number
  /** Each the median of the rounds. */
  readonly figures: Figures
}

/** A required relation between two figures of one run. */
export interface Goal {
  readonly text: string
  /** `undefined` when one of the two was not measured. */
  readonly value: number | undefined
  readonly atMost?: number
  readonly atLeast?: number
}

export interface PartResult {
  readonly rows: readonly Row[]
  readonly goals: readonly Goal[]
}

export interface Part {
  readonly name: string
  readonly about: string
  /** In the short form, run only if it is named. */
  readonly longOnly?: boolean
  readonly run: (settings: Settings) => Promise<PartResult>
}

/** The figure of one row divided by that of another. */
export function ratio(
  rows: readonly Row[],
  work: string,
  figure: keyof Figures,
  name: string,
  other: string,
): number | undefined {
  const of = (who: string) => rows.find((row) => row.work === work && row.name === who)?.figures[figure]
  const [value, base] = [of(name), of(other)]
  return value === undefined || base === undefined ? undefined : value / base
}
