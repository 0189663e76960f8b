/**
 * Synchronous calls of the operating system, which are served from memory. Passing a call to
 * another thread and back costs several times what the call itself takes.
 *
 * A call that waits for a disk blocks the whole process. Calls are therefore synchronous only on
 * local disks, never on network file systems, and only while all waits together take at most a
 * twentieth of the time. On a slow disk, calls soon use other threads. A sequence of synchronous
 * calls is interrupted every millisecond, so that other work can run.
 */
import * as fs from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readingFlags } from '../platform/posix.js'
import * as system from './system.js'

/** Milliseconds. A call that took longer has waited for the disk or the processor. */
const waitMilliseconds = 0.5
/** For this multiple of a wait, no call is synchronous. */
const restFactor = 20
/**
 * Milliseconds of that time that are forgiven, so that a few waits after a time without any change
 * nothing.
 */
const forgivenMilliseconds = 200
/** Maximum milliseconds until synchronous calls are tried again after a wait. */
const maxRest = 1000
/** Milliseconds of synchronous work, after which other work can run. */
const sliceMilliseconds = 1
/**
 * Bytes. Larger reads and writes use other threads, because copying the bytes takes longer than
 * passing the call.
 */
const maxBytes = 65_536
/**
 * Entries of a directory that is read synchronously. A larger one is read on another thread from
 * its start.
 */
const maxSmall = 256
/** Concurrent calls of one list on other threads. */
const parallelism = 32

export class DirectCalls {
  readonly #isLocal: () => boolean
  readonly #slices = new Slices()
  #restUntil = 0

  constructor(isLocal: () => boolean) {
    this.#isLocal = isLocal
  }

  open(path: string, flags: number, mode?: number): Promise<number> {
    return this.#call(
      () => fs.openSync(path, flags, mode),
      () => system.open(path, flags, mode),
    )
  }

  /** Same as `openForReading` of the platform. */
  openForReading(path: string, setsTime: boolean): Promise<number> {
    return this.#call(
      () => fs.openSync(path, readingFlags),
      () => system.openForReading(path, setsTime),
    )
  }

  /** Reads a whole small file. */
  readText(path: string): Promise<string> {
    return this.#call(
      () => fs.readFileSync(path, 'utf8'),
      () => system.readFile(path, 'utf8'),
    )
  }

  makeMark(text: string, path: string): Promise<void> {
    return this.#call(
      () => fs.symlinkSync(text, path),
      () => system.makeMark(text, path),
    )
  }

  /** Returns a mark's text, or `undefined` if there is no mark. */
  readMark(path: string): Promise<string | undefined> {
    return this.#call(
      () => system.readMarkNow(path),
      () => system.readMark(path),
    )
  }

  link(from: string, to: string): Promise<void> {
    return this.#call(
      () => fs.linkSync(from, to),
      () => system.link(from, to),
    )
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call(
      () => fs.renameSync(from, to),
      () => system.rename(from, to),
    )
  }

  unlink(path: string): Promise<void> {
    return this.#call(
      () => fs.unlinkSync(path),
      () => system.unlink(path),
    )
  }

  unlinkNow(path: fs.PathLike, spare: string): Promise<void> {
    return this.#call(
      () => fs.unlinkSync(path),
      () => system.unlinkNow(path, spare),
    )
  }

  rmdir(path: string): Promise<void> {
    return this.#call(
      () => fs.rmdirSync(path),
      () => system.rmdir(path),
    )
  }

  /**
   * Returns all entries of a small directory, or `undefined` if it is larger, or if no call may be
   * synchronous now.
   */
  async readSmall(path: string): Promise<fs.Dirent[] | undefined> {
    if (!this.#areAllowed()) return undefined
    if (this.#slices.isOver()) await this.#slices.next()
    return this.#timed(() => {
      const opened = fs.opendirSync(path, { bufferSize: maxSmall + 1 })
      try {
        const entries: fs.Dirent[] = []
        for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
          if (entries.length === maxSmall) return undefined
          entries.push(entry)
        }
        return entries
      } finally {
        opened.closeSync()
      }
    })
  }

  /** Sets the access time and the modification time, in seconds. */
  futimes(fd: number, seconds: number): Promise<void> {
    return this.#call(
      () => fs.futimesSync(fd, seconds, seconds),
      () => system.futimes(fd, seconds, seconds),
    )
  }

  /** Returns `undefined` if the path does not exist. */
  lstatIfExists(path: string): Promise<fs.BigIntStats | undefined> {
    return this.#call(
      () => lstatSyncIfExists(path),
      () => system.lstatIfExists(path),
    )
  }

  /** Same as `readFully` of `system.ts`. */
  readFully(fd: number, buffer: Uint8Array, position: number): Promise<number> {
    const onThread = () => system.readFully(fd, buffer, position)
    if (buffer.length > maxBytes) return onThread()
    return this.#call(() => {
      let done = 0
      for (let bytes = -1; bytes !== 0 && done < buffer.length; done += bytes) {
        bytes = fs.readSync(fd, buffer, done, buffer.length - done, position + done)
      }
      return done
    }, onThread)
  }

  /** Same as `writeFully` of `system.ts`. */
  writeFully(fd: number, bytes: Uint8Array, position: number): Promise<void> {
    const onThread = () => system.writeFully(fd, bytes, position)
    if (bytes.length > maxBytes) return onThread()
    return this.#call(() => {
      for (let done = 0; done < bytes.length; ) {
        done += fs.writeSync(fd, bytes, done, bytes.length - done, position + done)
      }
    }, onThread)
  }

  /**
   * Stats many paths and returns the result of `use` for each, in their order. `use` receives
   * `undefined` for a path that does not exist.
   */
  async lstatAll<T>(
    paths: readonly string[],
    use: (stats: fs.BigIntStats | undefined, index: number) => T,
  ): Promise<T[]> {
    const results: T[] = []
    while (results.length < paths.length && this.#areAllowed()) {
      if (this.#slices.isOver()) await this.#slices.next()
      const index = results.length
      results.push(
        use(
          this.#timed(() => lstatSyncIfExists(paths[index] ?? '')),
          index,
        ),
      )
    }
    let next = results.length
    const work = async () => {
      for (let index = next++; index < paths.length; index = next++) {
        results[index] = use(await system.lstatIfExists(paths[index] ?? ''), index)
      }
    }
    if (next < paths.length) await Promise.all(Array.from({ length: parallelism }, work))
    return results
  }

  async #call<T>(direct: () => T, onThread: () => Promise<T>): Promise<T> {
    if (!this.#areAllowed()) return onThread()
    if (this.#slices.isOver()) await this.#slices.next()
    return this.#timed(direct)
  }

  /** Whether the files are on a local disk. */
  get areLocal(): boolean {
    return this.#isLocal()
  }

  #areAllowed(): boolean {
    return this.#isLocal() && performance.now() > this.#restUntil
  }

  #timed<T>(call: () => T): T {
    const started = performance.now()
    try {
      return call()
    } finally {
      const ended = performance.now()
      const took = ended - started
      if (took > waitMilliseconds) {
        const rest = Math.max(this.#restUntil, ended - forgivenMilliseconds) + restFactor * took
        this.#restUntil = Math.min(rest, ended + maxRest)
      }
    }
  }
}

const lstatSyncIfExists = (path: string) => fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })

/** Divides long work into slices, between which other work can run. */
export class Slices {
  #end = 0
  #turn: Promise<void> | undefined

  isOver(): boolean {
    return performance.now() > this.#end
  }

  /** Waits for the next slice. Concurrent callers share it. */
  async next(): Promise<void> {
    this.#turn ??= nextTurn().then(() => {
      this.#turn = undefined
      this.#end = performance.now() + sliceMilliseconds
    })
    await this.#turn
  }
}
