import type { Storage } from './api.ts'

/**
 * Finds out which names are taken in a container, from its lists. An empty folder is read once, and
 * not for each file. The condition of the write decides in the end; this lets the page ask before
 * anything is sent.
 */
export class TakenNames {
  readonly #storage: Storage
  readonly #container: string
  readonly #empty = new Map<string, Promise<boolean>>()

  constructor(storage: Storage, container: string) {
    this.#storage = storage
    this.#container = container
  }

  async has(name: string): Promise<boolean> {
    const folder = name.slice(0, name.lastIndexOf('/') + 1)
    const empty = this.#empty.get(folder) ?? this.#isEmpty(folder)
    this.#empty.set(folder, empty)
    return !(await empty) && (await this.#storage.hasFile(this.#container, name))
  }

  async #isEmpty(folder: string): Promise<boolean> {
    const { entries } = await this.#storage.files(this.#container, { prefix: folder, flat: true, limit: 1 })
    return entries.length === 0
  }
}
