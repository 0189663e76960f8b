/**
 * The files and folders of one folder, read page by page as they are needed.
 */
import type { Entry, FileEntry, Storage } from '../storage/api.ts'

export interface Sort {
  readonly by: 'name' | 'size' | 'mtime'
  readonly descending: boolean
}

/** Changes in a container: deleted names and stored files. */
export interface Change {
  readonly container: string
  readonly removed?: readonly string[]
  readonly stored?: readonly FileEntry[]
}

/** The first page is small, so that something is there soon, also over a slow line. */
const firstPage = 200
const furtherPage = 1000
/** Lists up to this length are read completely, and sorted in natural order. */
const eager = 2000

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/**
 * The order in which storages list: JavaScript's own comparison is that of UTF-8 but for pairs of
 * surrogates.
 */
const storedOrder = (a: Entry, b: Entry) => (a.name < b.name ? -1 : Number(a.name > b.name))

export class Listing {
  readonly storage: Storage
  readonly container: string
  readonly folder: string
  readonly #prefix: string
  readonly #changed: () => void
  readonly #gone = new AbortController()
  /** As the storage lists them. */
  #entries: readonly Entry[] = []
  #next: string | undefined
  #started = false
  #running = false
  #wanted = eager
  #sort: Sort | undefined
  #view: readonly Entry[] = []
  #error: unknown

  constructor(storage: Storage, container: string, folder: string, search: string, changed: () => void) {
    this.storage = storage
    this.container = container
    this.folder = folder
    this.#prefix = folder + search
    this.#changed = changed
  }

  /** The entries to show, in order. */
  get entries(): readonly Entry[] {
    return this.#view
  }

  get complete(): boolean {
    return this.#started && this.#next === undefined
  }

  get loading(): boolean {
    return this.#running
  }

  /** Why the list ends before its end. */
  get error(): unknown {
    return this.#error
  }

  /** The selected order. Default: names, in the storage's order or in natural order. */
  get sort(): Sort | undefined {
    return this.#sort
  }

  /** Reads the whole list, since storages sort only by name. */
  sortBy(sort: Sort | undefined): void {
    this.#sort = sort
    if (sort !== undefined) this.#wanted = Number.POSITIVE_INFINITY
    this.#show()
    this.load()
    this.#changed()
  }

  /** Reads on until more entries are there than now. */
  loadMore(): void {
    this.#wanted = Math.max(this.#wanted, this.#entries.length + 1)
    this.load()
  }

  /** Reads as far as is wanted; after an error, from where it stopped. */
  load(): void {
    if (this.#running || this.complete || (this.#started && this.#entries.length >= this.#wanted)) return
    this.#running = true
    this.#error = undefined
    this.#read().then(
      () => this.#stop(undefined),
      (error: unknown) => this.#stop(error),
    )
  }

  /** The listing is no longer shown. */
  close(): void {
    this.#gone.abort()
  }

  /** Shows a change without reading the list again. */
  apply({ container, removed = [], stored = [] }: Change): void {
    if (container !== this.container) return
    const gone = new Set(removed)
    const entries = new Map(this.#entries.filter(({ name }) => !gone.has(name)).map((entry) => [entry.name, entry]))
    for (const file of stored) {
      const entry = this.#entryOf(file)
      if (entry !== undefined) entries.set(entry.name, entry)
    }
    this.#entries = [...entries.values()].sort(storedOrder)
    this.#show()
    this.#changed()
  }

  /**
   * Returns the entry that shows a file in this folder, if any. A file after the last one that was
   * read appears when it is read.
   */
  #entryOf(file: FileEntry): Entry | undefined {
    const { name } = file
    if (!name.startsWith(this.#prefix)) return undefined
    const last = this.#entries.at(-1)
    if (!this.complete && last !== undefined && name > last.name) return undefined
    const slash = name.indexOf('/', this.#prefix.length)
    return slash === -1 ? file : { name: name.slice(0, slash + 1), folder: true }
  }

  async #read(): Promise<void> {
    const { signal } = this.#gone
    do {
      const page = await this.storage.files(this.container, {
        prefix: this.#prefix,
        limit: this.#started ? furtherPage : firstPage,
        next: this.#next,
        signal,
      })
      signal.throwIfAborted()
      this.#entries = this.#entries.concat(page.entries)
      this.#next = page.next
      this.#started = true
      // Sorting a list that grows is only worth its time at the end.
      if (this.#sort === undefined) this.#show()
      this.#changed()
    } while (this.#next !== undefined && this.#entries.length < this.#wanted)
  }

  #stop(error: unknown): void {
    this.#running = false
    if (this.#gone.signal.aborted) return
    this.#error = error
    this.#show()
    this.#changed()
  }

  #show(): void {
    if (this.#sort !== undefined) this.#view = sorted(this.#entries, this.#sort)
    else if (this.complete && this.#entries.length <= eager) {
      this.#view = sorted(this.#entries, { by: 'name', descending: false })
    } else this.#view = this.#entries
  }
}

/** Folders first, then files; names as people sort them: without case, and numbers as numbers. */
function sorted(entries: readonly Entry[], { by, descending }: Sort): readonly Entry[] {
  const sign = descending ? -1 : 1
  return entries.toSorted((a, b) => {
    if (a.folder || b.folder) {
      if (!(a.folder && b.folder)) return a.folder ? -1 : 1
      return by === 'name' ? sign * collator.compare(a.name, b.name) : collator.compare(a.name, b.name)
    }
    const difference = by === 'size' ? a.size - b.size : by === 'mtime' ? Date.parse(a.mtime) - Date.parse(b.mtime) : 0
    return difference === 0 ? (by === 'name' ? sign : 1) * collator.compare(a.name, b.name) : sign * difference
  })
}
