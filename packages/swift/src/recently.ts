/** Names of which something was true a moment ago. */
export class Recently {
  readonly #milliseconds: number
  readonly #times = new Map<string, number>()

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  add(name: string): void {
    // Set anew, so that the map is in the order of time and its first ones can be dropped.
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
