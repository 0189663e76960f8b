/**
 * Calls of the operating system made here and now, where they are answered from memory: to hand one to another thread and back
 * costs several times what it takes itself.
 *
 * A call that has to wait for a disk holds up the whole process. So calls are direct only on local disks, never on network file systems,
 * and only while all waits together are at most a twentieth of the time: a slow disk soon has its calls made on other threads. A row of direct
 * calls, in which nothing else would have its turn, is interrupted every millisecond.
 */
import * as fs from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { errno, isAbsence } from '../errors.js'
import * as system from './system.js'

/** Milliseconds: a call that took longer has waited for the disk, or for the processor. */
const waitMilliseconds = 0.5
/** For how many times as long as a wait took, no call is direct. */
const restFactor = 20
/** Milliseconds of that which are forgiven: a few waits change nothing, when they come after a time without. */
const forgivenMilliseconds = 200
/** Milliseconds after which direct calls are tried again, however long a wait was. */
const maxRest = 1000
/** Milliseconds of work in a row, after which everything else has its turn. */
const sliceMilliseconds = 1
/** Bytes: more are read and written elsewhere, since copying them takes longer than handing them over. */
const maxBytes = 65_536
/**
 * Entries of a directory that is read here and now; with more, it is read elsewhere from its start.
 */
const maxSmall = 256
/** Calls of one list on other threads at the same time. */
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

  /** The whole of a small file. */
  readText(path: string): Promise<string> {
    return this.#call(
      () => fs.readFileSync(path, 'utf8'),
      () => system.readFile(path, 'utf8'),
    )
  }

  symlink(target: string, path: string): Promise<void> {
    return this.#call(
      () => fs.symlinkSync(target, path),
      () => system.symlink(target, path),
    )
  }

  /** A symbolic link's target; `undefined` when there is no such thing. */
  readlinkIfThere(path: string): Promise<string | undefined> {
    return this.#call(
      () => readlinkIfThere(path),
      () => system.readlinkIfThere(path),
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

  rmdir(path: string): Promise<void> {
    return this.#call(
      () => fs.rmdirSync(path),
      () => system.rmdir(path),
    )
  }

  /**
   * All entries of a small directory; `undefined` of one that is larger, and while no call is
   * direct.
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

  /** Sets the times of access and of change, in seconds. */
  futimes(fd: number, seconds: number): Promise<void> {
    return this.#call(
      () => fs.futimesSync(fd, seconds, seconds),
      () => system.futimes(fd, seconds, seconds),
    )
  }

  /** `undefined` when there is no such thing. */
  lstatIfThere(path: string): Promise<fs.BigIntStats | undefined> {
    return this.#call(
      () => lookIfThere(path),
      () => system.lstatIfThere(path),
    )
  }

  /** As `readFully` of the system. */
  readFully(fd: number, buffer: Uint8Array, position: number): Promise<number> {
    const elsewhere = () => system.readFully(fd, buffer, position)
    if (buffer.length > maxBytes) return elsewhere()
    return this.#call(() => {
      let done = 0
      for (let bytes = -1; bytes !== 0 && done < buffer.length; done += bytes) {
        bytes = fs.readSync(fd, buffer, done, buffer.length - done, position + done)
      }
      return done
    }, elsewhere)
  }

  /** As `writeFully` of the system. */
  writeFully(fd: number, bytes: Uint8Array, position: number): Promise<void> {
    const elsewhere = () => system.writeFully(fd, bytes, position)
    if (bytes.length > maxBytes) return elsewhere()
    return this.#call(() => {
      for (let done = 0; done < bytes.length; ) {
        done += fs.writeSync(fd, bytes, done, bytes.length - done, position + done)
      }
    }, elsewhere)
  }

  /** Looks at many things and gives what is made of each, in their order; `undefined`: it is not there. */
  async lookAtAll<T>(
    paths: readonly string[],
    use: (stats: fs.BigIntStats | undefined, index: number) => T,
  ): Promise<T[]> {
    const results: T[] = []
    while (results.length < paths.length && this.#areAllowed()) {
      if (this.#slices.isOver()) await this.#slices.next()
      const index = results.length
      results.push(
        use(
          this.#timed(() => lookIfThere(paths[index] ?? '')),
          index,
        ),
      )
    }
    let next = results.length
    const look = async () => {
      for (let index = next++; index < paths.length; index = next++) {
        results[index] = use(await system.lstatIfThere(paths[index] ?? ''), index)
      }
    }
    if (next < paths.length) await Promise.all(Array.from({ length: parallelism }, look))
    return results
  }

  async #call<T>(here: () => T, elsewhere: () => Promise<T>): Promise<T> {
    if (!this.#areAllowed()) return elsewhere()
    if (this.#slices.isOver()) await this.#slices.next()
    return this.#timed(here)
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

function readlinkIfThere(path: string): string | undefined {
  try {
    return fs.readlinkSync(path)
  } catch (error) {
    if (isAbsence(error) || errno(error) === 'EINVAL') return undefined
    throw error
  }
}

const lookIfThere = (path: string) => fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })

/** Long work in slices, between which everything else has its turn. */
export class Slices {
  #end = 0
  #turn: Promise<void> | undefined

  isOver(): boolean {
    return performance.now() > this.#end
  }

  /** Whoever else waits waits for the same slice. */
  async next(): Promise<void> {
    this.#turn ??= nextTurn().then(() => {
      this.#turn = undefined
      this.#end = performance.now() + sliceMilliseconds
    })
    await this.#turn
  }
}
