/**
 * How the uploads are doing as a whole.
 */

/** What is told of all uploads together. */
export interface UploadStatus {
  readonly files: number
  readonly running: number
  readonly failures: readonly { readonly id: string; readonly name: string; readonly message: string }[]
  /** 0 to 1. */
  readonly progress: number
  /** Left out as long as it is not known. */
  readonly bytesPerSecond?: number
  readonly secondsLeft?: number
}

interface Measured {
  readonly id: string
  readonly name: string
  readonly size: number | null
  readonly error?: string | null
  readonly progress: { readonly bytesUploaded?: number | false; readonly uploadComplete?: boolean }
}

/** Milliseconds between two measurements, what the first figure takes, and how far the oldest measurement reaches back. */
const interval = 250
const shortest = 750
const span = 4000

export class Speed {
  readonly #samples: { readonly time: number; readonly bytes: number }[] = []

  /** Whether it is time to measure again. */
  isDue(): boolean {
    return performance.now() - (this.#samples.at(-1)?.time ?? 0) >= interval
  }

  status(files: readonly Measured[]): UploadStatus {
    const failures = files.flatMap(({ id, name, error }) =>
      typeof error === 'string' ? [{ id, name, message: error }] : [],
    )
    const complete = files.filter(({ progress }) => progress.uploadComplete).length
    const running = files.length - failures.length - complete
    const total = files.reduce((sum, { size }) => sum + (size ?? 0), 0)
    const bytes = files.reduce((sum, { progress }) => sum + (progress.bytesUploaded || 0), 0)
    const status = { files: files.length, running, failures, progress: total === 0 ? 1 : bytes / total }
    const bytesPerSecond = running === 0 ? this.#forget() : this.#measure(bytes)
    if (bytesPerSecond === undefined) return status
    return { ...status, bytesPerSecond, secondsLeft: (total - bytes) / bytesPerSecond }
  }

  #measure(bytes: number): number | undefined {
    const time = performance.now()
    // Fewer bytes than before: uploads were taken away.
    if (bytes < (this.#samples.at(-1)?.bytes ?? 0)) this.#samples.length = 0
    this.#samples.push({ time, bytes })
    while (this.#samples.length > 2 && time - (this.#samples[0]?.time ?? 0) > span) this.#samples.shift()
    const first = this.#samples[0]
    if (first === undefined || time - first.time < shortest || bytes === first.bytes) return undefined
    return ((bytes - first.bytes) / (time - first.time)) * 1000
  }

  #forget(): undefined {
    this.#samples.length = 0
  }
}
