/**
 * Versions of a file. A version is identified by the file's modification time and size.
 *
 * Every write sets the time explicitly, at least one microsecond after the version that it
 * replaces. The versions of a name therefore differ in their time, and copies of the tree that keep
 * times (`cp -a`, `rsync -a`) have the same versions. The time that the file system has stored
 * counts: a file system with whole seconds, or without times after 2446, has changed it. A version
 * that cannot be later than the previous one, at the end of that range, gets the current time
 * instead.
 *
 * The time also shows whether attributes are stored for the version, so that reading a file without
 * them costs nothing. They are looked up only if the microseconds since 1970 are 15 modulo 16, or
 * if the time is a whole millisecond, which is all that coarse file systems store. Stowage's writes
 * choose the microsecond accordingly. The times of other programs' files match by chance now and
 * then, which costs one lookup.
 */
import type { BigIntStats } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { StorageError } from '@stowage/core/provider'
import type { DirectCalls } from '../disk/direct.js'
import { fstat } from '../disk/system.js'

/** The properties that identify a version. */
export type VersionStats = Pick<BigIntStats, 'mtimeNs' | 'size'>

/**
 * Milliseconds of the last time that a `Date` can represent; the first one is the negative. Some
 * file systems store later ones.
 */
const maxDate = 8_640_000_000_000_000

/** Returns milliseconds as a date. The dates of `stats` cost several times as much. */
export const dateOf = (milliseconds: bigint): Date =>
  new Date(Math.max(-maxDate, Math.min(Number(milliseconds), maxDate)))

/** Returns the version as text that is valid in a file name. */
export const versionOf = (stats: VersionStats): string => `${stats.mtimeNs.toString(16)}-${stats.size.toString(16)}`

export const etagOf = (stats: VersionStats): string => `"${versionOf(stats)}"`

/** Returns whether the file may have stored attributes. */
export const mayHaveAttributes = (stats: VersionStats): boolean =>
  stats.mtimeNs % 1_000_000n === 0n || (stats.mtimeNs / 1000n) % 16n === 15n

/** The last time in microseconds that this process gave to a version. */
let last = 0
/**
 * Microseconds from the process's clock to the wall clock, which may be set while the process runs.
 */
let offset = 0

/** Returns microseconds of the wall clock. JavaScript has only milliseconds. */
function now(): number {
  const own = Math.floor(performance.now() * 1000)
  const day = Date.now() * 1000
  if (own + offset < day || own + offset >= day + 1000) offset = day - own
  return own + offset
}

/**
 * Returns microseconds that are later than `after` (in microseconds) and than all times returned
 * before.
 */
function nextTime(withAttributes: boolean, after: number): number {
  const current = Math.max(now(), last + 1)
  let time = Math.max(current, after + 1)
  while (time % 1000 === 0 || (time % 16 === 15) !== withAttributes) time++
  // A file with a time in the future does not affect the times of other files.
  last = Math.min(time, current + 32)
  return time
}

/**
 * Microseconds until which floating-point seconds have a resolution of one microsecond: until the
 * year 2106.
 */
const maxExact = 2 ** 32 * 1_000_000

interface Candidate {
  readonly seconds: number
  /** Whether the time is acceptable although it is not later than the previous version. */
  readonly mayBeEarlier: boolean
}

/** Yields times for a new version, the best first. */
function* candidates(withAttributes: boolean, after: bigint): Generator<Candidate> {
  // A quarter of a microsecond prevents the conversion from floating-point seconds to microseconds
  // from rounding down.
  const inSeconds = (microseconds: number) => (microseconds + 0.25) / 1_000_000
  const replaced = Number(after / 1000n)
  const later = function* () {
    if (replaced < maxExact) {
      yield inSeconds(nextTime(withAttributes, replaced))
      yield inSeconds(nextMillisecond(Math.max(now(), replaced)))
    }
    // For file systems that store whole seconds or two, and for times that are too late for
    // microseconds.
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

/** The requested time of a version in seconds, and the file's stats with the stored time. */
export interface Marked {
  readonly seconds: number
  readonly stats: BigIntStats
}

/**
 * Gives an open file the time of a new version, later than that of `replaced` if the file system
 * can store a later one.
 */
export async function markVersion(
  direct: DirectCalls,
  fd: number,
  withAttributes: boolean,
  replaced: Pick<VersionStats, 'mtimeNs'> | undefined,
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
