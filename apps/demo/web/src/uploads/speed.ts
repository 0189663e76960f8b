/**
 * The state and the speed of all uploads together.
 */

export interface UploadStatus {
  readonly files: number
  /** Files that are neither complete nor failed. */
  readonly running: number
  /** Those of them that are paused. */
  readonly paused: number
  /** Whether a request has failed and is retried. */
  readonly retrying: boolean
  readonly failures: readonly { readonly id: string; readonly name: string; readonly message: string }[]
  /** 0 to 1. */
  readonly progress: number
  /** The hosts to which the bytes of complete files went; empty for this server. */
  readonly sentTo: readonly string[]
  /** Absent until it is known. */
  readonly bytesPerSecond?: number
  readonly secondsLeft?: number
}

interface Measured {
  readonly id: string
  readonly name: string
  readonly size: number | null
  readonly error?: string | null
  readonly isPaused?: boolean
  readonly meta: { readonly sentTo?: string }
  readonly progress: { readonly bytesUploaded?: number | false; readonly uploadComplete?: boolean }
}

/** Milliseconds between two measurements. */
const interval = 250
/** Milliseconds of measurements before the first figure. */
const shortest = 750
/** Milliseconds of measurements that make a figure. */
const span = 4000

export class Speed {
  readonly #samples: { readonly time: number; readonly bytes: number }[] = []

  /** Whether it is time to measure again. */
  isDue(): boolean {
    return performance.now() - (this.#samples.at(-1)?.time ?? 0) >= interval
  }

  /** Forgets the measurements: the bytes that are counted next were sent earlier. */
  restart(): void {
    this.#samples.length = 0
  }

  status(files: readonly Measured[]): Omit<UploadStatus, 'retrying'> {
    const failures = files.flatMap(({ id, name, error }) =>
      typeof error === 'string' ? [{ id, name, message: error }] : [],
    )
    const complete = files.filter(({ progress }) => progress.uploadComplete)
    const sentTo = [...new Set(complete.map(({ meta }) => meta.sentTo ?? ''))]
    const running = files.length - failures.length - complete.length
    const paused = files.filter(
      ({ isPaused, error, progress }) => isPaused && !error && !progress.uploadComplete,
    ).length
    const total = files.reduce((sum, { size }) => sum + (size ?? 0), 0)
    const bytes = files.reduce((sum, { progress }) => sum + (progress.bytesUploaded || 0), 0)
    const progress = total === 0 ? 1 : bytes / total
    const status = { files: files.length, running, paused, failures, progress, sentTo }
    if (running === paused) this.restart()
    const bytesPerSecond = running === paused ? undefined : this.#measure(bytes)
    if (bytesPerSecond === undefined) return status
    return { ...status, bytesPerSecond, secondsLeft: (total - bytes) / bytesPerSecond }
  }

  #measure(bytes: number): number | undefined {
    const time = performance.now()
    // Fewer bytes than before: uploads were removed.
    if (bytes < (this.#samples.at(-1)?.bytes ?? 0)) this.#samples.length = 0
    this.#samples.push({ time, bytes })
    while (this.#samples.length > 2 && time - (this.#samples[0]?.time ?? 0) > span) this.#samples.shift()
    const first = this.#samples[0]
    if (first === undefined || time - first.time < shortest || bytes === first.bytes) return undefined
    return ((bytes - first.bytes) / (time - first.time)) * 1000
  }
}
