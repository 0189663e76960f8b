/**
 * Sorts names in slices while they arrive. Sorting a large directory at once would block the
 * process.
 */
import { compareNames } from '@stowage/core/provider'
import { Slices } from '../disk/direct.js'

/** Names that are sorted at once, which takes one to three milliseconds. */
const runLength = 8192

export class SortedNames {
  readonly #slices = new Slices()
  /** Runs of sorted names. All except the last one have the same length. */
  readonly #names: string[] = []
  #run: string[] = []
  /**
   * Whether the engine's order is that of UTF-8: no name has UTF-16 units from the surrogates on.
   */
  #isPlain = true

  add(name: string): void {
    this.#run.push(name)
    if (this.#run.length === runLength) this.#endRun()
  }

  /** Returns all names in the order of their UTF-8 bytes. */
  async merged(): Promise<readonly string[]> {
    this.#endRun()
    let names = this.#names
    let spare = names.length > runLength ? new Array<string>(names.length) : []
    for (let length = runLength; length < names.length; length *= 2) {
      for (let start = 0; start < names.length; start += 2 * length) await this.#merge(names, spare, start, length)
      ;[names, spare] = [spare, names]
    }
    return names
  }

  #endRun(): void {
    const run = this.#run
    const isPlain = !run.some((name) => /[\ud800-\uffff]/.test(name))
    for (const name of isPlain ? run.sort() : run.sort(compareNames)) this.#names.push(name)
    if (!isPlain) this.#isPlain = false
    this.#run = []
  }

  /**
   * Merges two adjacent runs into the same positions of the other array. The second run may be
   * shorter or empty.
   */
  async #merge(from: readonly string[], to: string[], start: number, length: number): Promise<void> {
    const middle = Math.min(start + length, from.length)
    const end = Math.min(middle + length, from.length)
    for (let left = start, right = middle, next = start; next < end; ) {
      if (this.#slices.isOver()) await this.#slices.next()
      for (const pause = Math.min(next + runLength, end); next < pause; next++) {
        const isLeft = right === end || (left < middle && this.#isInOrder(from[left] ?? '', from[right] ?? ''))
        to[next] = from[isLeft ? left++ : right++] ?? ''
      }
    }
  }

  #isInOrder(a: string, b: string): boolean {
    return this.#isPlain ? a <= b : compareNames(a, b) <= 0
  }
}
