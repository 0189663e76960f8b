/**
 * The entries of directories, read in batches.
 */
import { isUtf8 } from 'node:buffer'
import type { Dir, Dirent } from 'node:fs'
import type { OpenDirectory } from './directories.js'
import { opendir, readdir } from './system.js'

/** An entry of a directory. */
export interface Entry {
  readonly name: string
  isFile(): boolean
  isDirectory(): boolean
}

/** Entries that are read in one go, on another thread. */
const batchLength = 1024

/**
 * A directory's entries but those whose names are not UTF-8, in batches. Elsewhere than on a local disk in one: there, to
 * learn what an entry is may take a call for each, which only `readdir` leaves to other threads.
 */
export async function* readEntries({ here }: OpenDirectory, isLocal: boolean): AsyncGenerator<readonly Entry[]> {
  let hasDoubtful = false
  for await (const batch of isLocal ? readBatches(here) : [await readdir(here, { withFileTypes: true })]) {
    if (batch.some(isDoubtful)) hasDoubtful = true
    yield hasDoubtful ? batch.filter((entry) => !isDoubtful(entry)) : batch
  }
  if (hasDoubtful) yield (await readExactly(here)).filter(isDoubtful)
}

/** A directory's entries in batches. Bytes of names that are not UTF-8 are replaced by U+FFFD. */
export async function* readBatches(path: string): AsyncGenerator<readonly Dirent[]> {
  const opened = await opendir(path, { bufferSize: batchLength })
  try {
    for (let batch = await readBatch(opened); batch.length > 0; batch = await readBatch(opened)) yield batch
  } finally {
    await opened.close()
  }
}

/** The first entry is waited for; the others of the batch have come with it. A promise for each would cost twice as much. */
const readBatch = (opened: Dir): Promise<Dirent[]> =>
  new Promise((resolve, reject) => {
    const batch: Dirent[] = []
    const take = (error: Error | null, entry: Dirent | null): void => {
      if (error !== null) {
        reject(error)
        return
      }
      if (entry !== null) batch.push(entry)
      if (entry === null || batch.length === batchLength) resolve(batch)
      else opened.read(take)
    }
    opened.read(take)
  })

/** Whether the name may stand for bytes that are not UTF-8. */
const isDoubtful = ({ name }: Entry): boolean => name.includes('\ufffd')

/** The entries whose names are UTF-8. */
async function readExactly(path: string): Promise<Entry[]> {
  const entries = await readdir(path, { withFileTypes: true, encoding: 'buffer' })
  return entries
    .filter(({ name }) => isUtf8(name))
    .map((entry) => ({
      name: entry.name.toString(),
      isFile: () => entry.isFile(),
      isDirectory: () => entry.isDirectory(),
    }))
}
