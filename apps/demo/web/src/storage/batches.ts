/**
 * Copies, moves and deletions of many files and folders: a few at a time, with progress, until they
 * are complete or cancelled.
 */
import { ApiError, type Entry, type FileEntry, type FileInfo, type Storage, wordsOf } from './api.ts'
import { TakenNames } from './taken.ts'

export interface Progress {
  readonly done: number
  /** Absent until it is known. */
  readonly total?: number
}

export interface Batch {
  readonly signal: AbortSignal
  readonly progress: (progress: Progress) => void
}

export interface Failure {
  readonly name: string
  readonly message: string
}

/** Browsers allow six connections to a server; the rest of the page needs some. */
const parallel = 4
const removalBatch = 500

/** Returns the files of entries: those in a folder, at any depth, for a folder. */
async function filesOf(
  storage: Storage,
  container: string,
  entries: readonly Entry[],
  { signal, progress }: Batch,
): Promise<string[]> {
  const files: string[] = []
  for (const entry of entries) {
    if (!entry.folder) {
      files.push(entry.name)
      continue
    }
    let next: string | undefined
    do {
      const page = await storage.files(container, { prefix: entry.name, flat: true, limit: 1000, next, signal })
      files.push(...page.entries.map(({ name }) => name))
      next = page.next
      progress({ done: 0 })
    } while (next !== undefined)
  }
  return files
}

export async function removeAll(
  storage: Storage,
  container: string,
  entries: readonly Entry[],
  batch: Batch,
): Promise<readonly Failure[]> {
  const files = await filesOf(storage, container, entries, batch)
  const failures: Failure[] = []
  for (let start = 0; start < files.length; start += removalBatch) {
    batch.signal.throwIfAborted()
    batch.progress({ done: start, total: files.length })
    const failed = await storage.remove(container, files.slice(start, start + removalBatch))
    failures.push(...Array.from(failed, ([name, message]) => ({ name, message })))
  }
  return failures
}

export interface Transfer {
  readonly from: string
  readonly to: string
}

export interface TransferOutcome {
  readonly stored: readonly FileInfo[]
  readonly failures: readonly Failure[]
  /** Transfers whose target exists. */
  readonly conflicts: readonly Transfer[]
}

/** Plans the transfers. `rename` makes the new name from the old one. */
export async function planTransfer(
  storage: Storage,
  container: string,
  entries: readonly Entry[],
  rename: (name: string) => string,
  batch: Batch,
): Promise<readonly Transfer[]> {
  const files = await filesOf(storage, container, entries, batch)
  return files.map((from) => ({ from, to: rename(from) }))
}

export async function transferAll(
  storage: Storage,
  kind: 'copy' | 'move',
  source: string,
  target: string,
  transfers: readonly Transfer[],
  replace: boolean,
  { signal, progress }: Batch,
): Promise<TransferOutcome> {
  const stored: FileInfo[] = []
  const failures: Failure[] = []
  const conflicts: Transfer[] = []
  const taken = new TakenNames(storage, target)
  const waiting = [...transfers]
  let done = 0
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift()) {
      const { from, to } = next
      try {
        const place = { container: target, file: to }
        if (!replace && (await taken.has(to))) throw new ApiError(412, 'PRECONDITION_FAILED', 'the name is taken')
        stored.push(await storage.transfer(kind, { container: source, file: from }, place, replace))
      } catch (error) {
        if (error instanceof ApiError && error.statusCode === 412) conflicts.push(next)
        else failures.push({ name: from, message: wordsOf(error) })
      }
      done++
      progress({ done, total: transfers.length })
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  return { stored, failures, conflicts }
}

/** Returns the list's entry for the response to a copy or an upload, which may have no time. */
export function entryOf({ name, size, mtime, etag }: FileInfo): FileEntry {
  return { name, size, mtime: mtime ?? new Date().toISOString(), etag }
}
