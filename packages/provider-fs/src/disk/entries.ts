/**
 * The entries of directories, read in batches.
 */
import { isUtf8 } from 'node:buffer'
import type { Dir, Dirent } from 'node:fs'
import type { DirectCalls } from './direct.js'
import type { OpenDirectory } from './directories.js'
import { lstatIfThere, opendir, readdir } from './system.js'

/** An entry of a directory. */
export interface Entry {
  readonly name: string
  isFile(): boolean
  isDirectory(): boolean
}

/** Entries that are read in one go, on another thread. */
const batchLength = 1024

/**
 * A directory's entries but those whose names are not UTF-8, in batches. Elsewhere than on a local
 * disk in one: there, to learn what an entry is may take a call for each, which only `readdir`
 * leaves to other threads.
 */
export async function* readEntries({ here }: OpenDirectory, direct: DirectCalls): AsyncGenerator<readonly Entry[]> {
  let hasDoubtful = false
  for await (const batch of batchesOf(here, direct)) {
    if (batch.some(isDoubtful)) hasDoubtful = true
    yield hasDoubtful ? batch.filter((entry) => !isDoubtful(entry)) : batch
  }
  if (!hasDoubtful) return
  const exact: Entry[] = []
  for (const { name, isFile, isDirectory } of await readBytes(here)) {
    const text = name.toString()
    if (isUtf8(name) && text.includes(replacement)) exact.push({ name: text, isFile, isDirectory })
  }
  yield exact
}

async function* batchesOf(path: string, direct: DirectCalls): AsyncGenerator<readonly Dirent[]> {
  const small = await direct.readSmall(path)
  if (small !== undefined) yield small
  else if (direct.areLocal) yield* readBatches(path)
  else yield await readdir(path, { withFileTypes: true })
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

/**
 * The first entry is waited for; the others of the batch have come with it. A promise for each
 * would cost twice as much.
 */
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

/** What stands for bytes that are not UTF-8. */
const replacement = '\ufffd'

const isDoubtful = ({ name }: Entry): boolean => name.includes(replacement)

/** An entry whose name is bytes. */
export interface RawEntry extends Omit<Entry, 'name'> {
  readonly name: Buffer
}

/**
 * A directory's entries by the bytes of their names. What each one is takes a call: not every
 * runtime says it with bytes.
 */
export async function readBytes(here: string): Promise<RawEntry[]> {
  const entries: RawEntry[] = []
  for (const name of await readdir(here, { encoding: 'buffer' })) {
    const stats = await lstatIfThere(pathOfBytes(here, name))
    if (stats !== undefined) {
      entries.push({ name, isFile: () => stats.isFile(), isDirectory: () => stats.isDirectory() })
    }
  }
  return entries
}

export const pathOfBytes = (here: string, name: Buffer): Buffer => Buffer.concat([Buffer.from(`${here}/`), name])
