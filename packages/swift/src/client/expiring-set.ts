/** A set of names, each of which expires after a time. */
export class ExpiringSet {
  readonly #milliseconds: number
  readonly #times = new Map<string, number>()

  /** @param milliseconds How long a name stays. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  add(name: string): void {
    // Inserted again, so that the map is in the order of time and the oldest names can be deleted.
    this.#times.delete(name)
    this.#times.set(name, Date.now())
    for (const old of this.#times.keys()) {
      if (this.#times.size <= maxNames) break
      this.#times.delete(old)
    }
  }

  delete(name: string): void {
    this.#times.delete(name)
  }

  has(name: string): boolean {
    const time = this.#times.get(name)
    return time !== undefined && Date.now() - time < this.#milliseconds
  }
}

const maxNames = 1000
