/**
 * Calls of the operating system made here and now, where they are answered from memory: to hand one to another thread and back
 * costs several times what it takes itself.
 *
 * A call that has to wait for a disk holds up the whole process. So calls are direct only on local disks, where such a wait is that
 * of one access, and never on network file systems; and after one that took long, all go to other threads for a while. A slow
 * disk thus holds up the process for one access in a quarter of a second.
 */
import * as fs from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { lstatIfThere } from './system.js'

/** Milliseconds: a call that took longer has waited for the disk, or for the processor. */
const longMilliseconds = 4
/** Milliseconds for which no call is direct after one that took long. */
const restMilliseconds = 250
/** Milliseconds of work in a row, after which everything else has its turn. */
const sliceMilliseconds = 1
/** Calls of one list on other threads at the same time. */
const parallelism = 32

export class DirectCalls {
  readonly #isLocal: () => boolean
  readonly #slices = new Slices()
  #restUntil = 0

  /** `isLocal`: whether the files are on a local disk. */
  constructor(isLocal: () => boolean) {
    this.#isLocal = isLocal
  }

  /** Looks at many things, while everything else has its turn, and gives what is made of each; `undefined`: it is not there. */
  async lookAtAll<T>(
    paths: readonly string[],
    use: (stats: fs.BigIntStats | undefined, index: number) => T,
  ): Promise<T[]> {
    const results: T[] = []
    while (results.length < paths.length && this.#areAllowed()) {
      if (this.#slices.isOver()) await this.#slices.next()
      const index = results.length
      results.push(use(this.#look(paths[index] ?? ''), index))
    }
    let next = results.length
    const look = async () => {
      for (let index = next++; index < paths.length; index = next++) {
        results[index] = use(await lstatIfThere(paths[index] ?? ''), index)
      }
    }
    if (next < paths.length) await Promise.all(Array.from({ length: parallelism }, look))
    return results
  }

  #areAllowed(): boolean {
    return this.#isLocal() && performance.now() > this.#restUntil
  }

  #look(path: string): fs.BigIntStats | undefined {
    const started = performance.now()
    const stats = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
    const ended = performance.now()
    if (ended - started > longMilliseconds) this.#restUntil = ended + restMilliseconds
    return stats
  }
}

/** Long work in slices, between which everything else has its turn. */
export class Slices {
  #end = performance.now() + sliceMilliseconds
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
