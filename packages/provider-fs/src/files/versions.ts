/**
 * Versions of a file: which content a name has, told by its time of change and its size.
 *
 * Every write sets the time explicitly, to a microsecond later than the version it replaces, so the versions of a name are
 * told apart by it, and copies of the tree that keep times (`cp -a`, `rsync -a`) have the same versions. What counts is the time that the file
 * system has kept: one that keeps whole seconds, or no times after 2446, has changed it. A version that cannot be later than the one
 * before, at the end of that range, gets the present time instead.
 *
 * The time also tells whether attributes are kept for the version, so that reading a file without any costs nothing: they
 * are looked for only when the microsecond, counted from 1970, is 15 modulo 16, or when the time is a whole millisecond (which is all that coarse
 * file systems keep). Our writes choose the microsecond accordingly; the times of other programs' files happen to fall there now and
 * then, and cost a look that finds nothing.
 */
import type { BigIntStats } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { StorageError } from '@stowage/core/provider'
import type { DirectCalls } from '../disk/direct.js'
import { fstat } from '../disk/system.js'

/** What makes a version. */
export type VersionFacts = Pick<BigIntStats, 'mtimeNs' | 'size'>

/** Milliseconds: the first and the last time that a `Date` can hold. Some file systems hold later ones. */
const maxDate = 8_640_000_000_000_000

/** Milliseconds as a date. The dates that `stats` makes when it is asked for them cost several times as much. */
export const dateOf = (milliseconds: bigint): Date =>
  new Date(Math.max(-maxDate, Math.min(Number(milliseconds), maxDate)))

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

/** Microseconds, later than `after` (microseconds) and than every time given before. */
function nextTime(withAttributes: boolean, after: number): number {
  const current = Math.max(now(), last + 1)
  let time = Math.max(current, after + 1)
  while (time % 1000 === 0 || (time % 16 === 15) !== withAttributes) time++
  // A file from the future does not take the other files' times with it.
  last = Math.min(time, current + 32)
  return time
}

/** Microseconds up to which seconds as floating numbers tell one microsecond from the next: until the year 2106. */
const maxExact = 2 ** 32 * 1_000_000

interface Candidate {
  readonly seconds: number
  /** Whether it will do although it is not later than the version before. */
  readonly mayBeEarlier: boolean
}

/** Times for a new version, the best first. */
function* candidates(withAttributes: boolean, after: bigint): Generator<Candidate> {
  // A quarter of a microsecond keeps the conversions between floating seconds and whole microseconds from rounding down.
  const inSeconds = (microseconds: number) => (microseconds + 0.25) / 1_000_000
  const replaced = Number(after / 1000n)
  const later = function* () {
    if (replaced < maxExact) {
      yield inSeconds(nextTime(withAttributes, replaced))
      yield inSeconds(nextMillisecond(Math.max(now(), replaced)))
    }
    // For file systems that keep whole seconds, or two of them, and for times that are too late for microseconds.
    const second = Math.max(Number(after / 1_000_000_000n), Math.floor(Date.now() / 1000))
    for (const step of [1, 2, 3, 4]) yield second + step
  }
  const present = function* () {
    yield inSeconds(nextTime(withAttributes, 0))
    yield inSeconds(nextMillisecond(now()))
    yield Math.floor(Date.now() / 1000) + 1
  }
  for (const seconds of later()) yield { seconds, mayBeEarlier: false }
  for (const seconds of present()) yield { seconds, mayBeEarlier: true }
}

const nextMillisecond = (microseconds: number): number => (Math.floor(microseconds / 1000) + 1) * 1000

/** A version's time as it was asked for, in seconds, and the file as the system then describes it. */
export interface Marked {
  readonly seconds: number
  readonly stats: BigIntStats
}

/** Gives an open file the time of a new version, later than that of `replaced` where the file system has later ones. */
export async function markVersion(
  direct: DirectCalls,
  fd: number,
  withAttributes: boolean,
  replaced: Pick<VersionFacts, 'mtimeNs'> | undefined,
): Promise<Marked> {
  const after = replaced?.mtimeNs ?? 0n
  for (const { seconds, mayBeEarlier } of candidates(withAttributes, after)) {
    const stats = await setTime(direct, fd, seconds)
    const isNew = stats.mtimeNs > after || (mayBeEarlier && stats.mtimeNs !== after)
    if (isNew && (!withAttributes || mayHaveAttributes(stats))) return { seconds, stats }
  }
  throw new StorageError('INTERNAL', 'the file system does not keep the times that tell versions of a file apart')
}

export async function setTime(direct: DirectCalls, fd: number, seconds: number): Promise<BigIntStats> {
  await direct.futimes(fd, seconds)
  return fstat(fd)
}
