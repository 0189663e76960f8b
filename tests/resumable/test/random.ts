/** Random numbers that a seed repeats (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A number from 0 up to and without 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, both ends included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  bytes(length: number): Buffer<ArrayBuffer> {
    const bytes = Buffer.allocUnsafe(length)
    for (let index = 0; index < length; index += 4) {
      const value = (this.fraction() * 2 ** 32) >>> 0
      if (index + 4 <= length) bytes.writeUInt32LE(value, index)
      else bytes.fill(value & 0xff, index)
    }
    return bytes
  }
}
