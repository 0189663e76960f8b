/** Reads the entries of directories in batches. */
import { isUtf8 } from 'node:buffer'
import type { Dir, Dirent } from 'node:fs'
import type { DirectCalls } from './direct.js'
import type { OpenDirectory } from './directories.js'
import { lstatIfExists, opendir, readdir } from './system.js'

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string
  isFile(): boolean
  isDirectory(): boolean
}

/** Entries that are read in one call on another thread. */
const batchLength = 1024

/**
 * Yields a directory's entries in batches, without those whose names are not UTF-8. Not on a local
 * disk, all entries are one batch: the type of each entry may need a separate call, which only
 * `readdir` runs on other threads.
 */
export async function* readEntries(
  { path }: OpenDirectory,
  direct: DirectCalls,
): AsyncGenerator<readonly DirectoryEntry[]> {
  let hasDoubtful = false
  for await (const batch of batchesOf(path, direct)) {
    if (batch.some(isDoubtful)) hasDoubtful = true
    yield hasDoubtful ? batch.filter((entry) => !isDoubtful(entry)) : batch
  }
  if (!hasDoubtful) return
  const exact: DirectoryEntry[] = []
  for (const { name, isFile, isDirectory } of await readBytes(path)) {
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

/**
 * Yields a directory's entries in batches. Bytes of names that are not UTF-8 are replaced by
 * U+FFFD.
 */
export async function* readBatches(path: string): AsyncGenerator<readonly Dirent[]> {
  const opened = await opendir(path, { bufferSize: batchLength })
  try {
    for (let batch = await readBatch(opened); batch.length > 0; batch = await readBatch(opened)) yield batch
  } finally {
    await opened.close()
  }
}

/**
 * Waits for the first entry. The others of the batch are already in memory, and a promise for each
 * would double the cost.
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

/** The replacement for bytes that are not UTF-8. */
const replacement = '\ufffd'

const isDoubtful = ({ name }: DirectoryEntry): boolean => name.includes(replacement)

/** An entry whose name is bytes. */
export interface RawEntry extends Omit<DirectoryEntry, 'name'> {
  readonly name: Buffer
}

/**
 * Returns a directory's entries with the bytes of their names. Each type takes a separate call,
 * because not every runtime returns it with bytes.
 */
export async function readBytes(path: string): Promise<RawEntry[]> {
  const entries: RawEntry[] = []
  for (const name of await readdir(path, { encoding: 'buffer' })) {
    const stats = await lstatIfExists(pathOfBytes(path, name))
    if (stats !== undefined) {
      entries.push({ name, isFile: () => stats.isFile(), isDirectory: () => stats.isDirectory() })
    }
  }
  return entries
}

export const pathOfBytes = (directory: string, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${directory}/`), name])
