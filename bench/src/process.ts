/**
 * The kernel's figures about a measured process.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { MiB } from './content.ts'

export class ProcessFigures {
  readonly #pid: number

  constructor(pid: number) {
    this.#pid = pid
  }

  /** Seconds of processor time, of all threads, in the program and in the kernel. */
  processorTime(): number {
    let nanoseconds = 0
    for (const thread of readdirSync(`/proc/${this.#pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${this.#pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0])
    }
    return nanoseconds / 1e9
  }

  /** MiB resident now. */
  residentMemory(): number {
    return this.#memory('VmRSS')
  }

  /** The most MiB resident since {@link forgetPeak}. */
  peakMemory(): number {
    return this.#memory('VmHWM')
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.#pid}/clear_refs`, '5')
  }

  #memory(what: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'latin1')
    const kibibytes = new RegExp(`^${what}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]
    return (Number(kibibytes) * 1024) / MiB
  }
}
