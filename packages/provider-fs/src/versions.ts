/**
 * Versions of a file: which content a name has, told by its time of change and its size.
 *
 * Every write sets the time explicitly, to a microsecond later than the version it replaces, so the versions of a name are
 * told apart by it, and copies of the tree that keep times (`cp -a`, `rsync -a`) have the same versions.
 *
 * The time also tells whether attributes are kept for the version, so that reading a file without any costs nothing: they
 * are looked for only when the microsecond, counted from 1970, is 15 modulo 16, or when the time is a whole millisecond (which is all that coarse
 * file systems keep). Our writes choose the microsecond accordingly; the times of other programs' files happen to fall there now and
 * then, and cost a look that finds nothing.
 */
import type { BigIntStats } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { DirectCalls } from './direct.js'
import { fstat } from './system.js'

/** What makes a version. */
export type VersionFacts = Pick<BigIntStats, 'mtimeNs' | 'size'>

/** Milliseconds as a date. The dates that `stats` makes when it is asked for them cost several times as much. */
export const dateOf = (milliseconds: bigint): Date => new Date(Number(milliseconds))

/** Fit for a file's name. */
export const versionOf = (stats: VersionFacts): string => `${stats.mtimeNs.toString(16)}-${stats.size.toString(16)}`

export const etagOf = (stats: VersionFacts): string => `"${versionOf(stats)}"`

/** Whether the file may have attributes of its own. */
export const mayHaveAttributes = (stats: VersionFacts): boolean =>
  stats.mtimeNs % 1_000_000n === 0n || (stats.mtimeNs / 1000n) % 16n === 15n

/** Microseconds that this process has given to a version last. */
let last = 0
/** Microseconds from the process's own clock to that of the day, which may be set while we run. */
let offset = 0

/** Microseconds of the day's clock, of which the language gives only milliseconds. */
function now(): number {
  const own = Math.floor(performance.now() * 1000)
  const day = Date.now() * 1000
  if (own + offset < day || own + offset >= day + 1000) offset = day - own
  return own + offset
}

/** Microseconds, later than `after` (nanoseconds) and than every time given before. */
function nextTime(withAttributes: boolean, after: bigint): number {
  const current = Math.max(now(), last + 1)
  let time = Math.max(current, Number(after / 1000n) + 1)
  while (time % 1000 === 0 || (time % 16 === 15) !== withAttributes) time++
  // A file from the future does not take the other files' times with it.
  last = Math.min(time, current + 32)
  return time
}

/** A version's time as it was asked for, and the file as the system then describes it. */
export interface Marked {
  readonly microseconds: number
  readonly stats: BigIntStats
}

/** Gives an open file the time of a new version, later than that of `replaced`. */
export async function markVersion(
  direct: DirectCalls,
  fd: number,
  withAttributes: boolean,
  replaced: BigIntStats | undefined,
): Promise<Marked> {
  const after = replaced?.mtimeNs ?? 0n
  let microseconds = nextTime(withAttributes, after)
  let stats = await setTime(direct, fd, microseconds)
  // A file system that keeps whole seconds, or two of them, has made it earlier.
  for (let seconds = 1n; stats.mtimeNs <= after && seconds <= 4n; seconds++) {
    microseconds = nextTime(withAttributes, after + seconds * 1_000_000_000n)
    stats = await setTime(direct, fd, microseconds)
  }
  return { microseconds, stats }
}

export async function setTime(direct: DirectCalls, fd: number, microseconds: number): Promise<BigIntStats> {
  // A quarter of a microsecond keeps the conversions between floating seconds and whole microseconds from rounding down.
  const seconds = (microseconds + 0.25) / 1_000_000
  await direct.futimes(fd, seconds)
  return fstat(fd)
}
