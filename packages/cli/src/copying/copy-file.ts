/**
 * One file from one place to another.
 */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { copyBetween, type WriteOptions } from '@stowage/core'
import { addressOf } from '../commands/addresses.js'
import type { Storages } from '../commands/storages.js'
import { UsageFailure } from '../failures/failures.js'
import type { Terminal } from '../terminal/terminal.js'
import { replaceFile } from './atomic-file.js'
import type { Copy, Place } from './copy-plan.js'
import { makeDirectories } from './local-tree.js'

/** Bytes of one read or write of this machine's files. */
const chunkSize = 1024 * 1024

export interface CopyMeans {
  readonly storages: Storages
  readonly terminal: Terminal
  readonly signal: AbortSignal
  /** Told of the file's bytes when it is opened, where they are known. */
  readonly onSize: (bytes: number) => void
  /** Told of all bytes that have passed so far; fewer than before when something is sent again. */
  readonly onBytes: (bytes: number) => void
}

type Stored = Extract<Place, { readonly kind: 'storage' }>

/** The target appears whole or not at all. Gives its bytes. */
export async function copyFile({ from, to }: Copy, means: CopyMeans): Promise<number> {
  if (to.kind === 'storage') {
    if (from.kind === 'storage') return copyStored(from, to, means)
    return from.kind === 'local' ? upload(from.path, to, means) : store(means.terminal.stdin, to, {}, means)
  }
  if (from.kind !== 'storage') throw new UsageFailure('one side must be in a data source: name:container/file')
  const { signal } = means
  if (to.kind === 'standard') {
    return download(from, means, (chunks) => pipeline(chunks, means.terminal.stdout, { signal, end: false }))
  }
  if (to.below !== undefined) await makeDirectories(to.below, to.path)
  let size = 0
  await replaceFile(to.path, async (handle) => {
    size = await download(from, means, (chunks) => handle.writeFile(chunks, { signal }))
  })
  return size
}

async function copyStored(from: Stored, to: Stored, means: CopyMeans): Promise<number> {
  const { signal, storages, onBytes } = means
  const storage = await storages.open(from.source)
  if (from.source === to.source) {
    const { size } = await storage.copyFile(from, to, { signal })
    onBytes(size)
    return size
  }
  const target = await storages.open(to.source)
  const written = await copyBetween(
    { storage, ...placeOf(from) },
    { storage: target, ...placeOf(to) },
    {
      signal,
      onProgress: onBytes,
    },
  )
  return written.size
}

const placeOf = ({ container, file }: Stored) => ({ container, file })

async function upload(path: string, to: Stored, means: CopyMeans): Promise<number> {
  // A pipe has no size that could be known, and a read from it that waits would keep a handle from being closed.
  if (!(await stat(path)).isFile()) return store(createReadStream(path), to, {}, means)
  await using handle = await open(path)
  const { size } = await handle.stat()
  means.onSize(size)
  // A file that grows meanwhile is stored as it was.
  const body =
    size === 0
      ? new Uint8Array()
      : handle.createReadStream({ autoClose: false, end: size - 1, highWaterMark: chunkSize })
  return await store(body, to, { size }, means)
}

async function store(
  body: Uint8Array | NodeJS.ReadableStream,
  { source, container, file }: Stored,
  options: WriteOptions,
  { storages, signal, onBytes }: CopyMeans,
): Promise<number> {
  const storage = await storages.open(source)
  const { size } = await storage.putFile(container, file, body, { ...options, signal, onProgress: onBytes })
  return size
}

async function download(
  { source, container, file }: Stored,
  { storages, signal, onSize, onBytes }: CopyMeans,
  deliver: (chunks: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<number> {
  const storage = await storages.open(source)
  await using opened = await storage.openFile(container, file, { signal, verify: true })
  onSize(opened.length)
  let bytes = 0
  const counted = async function* () {
    for await (const chunk of opened.stream as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      onBytes(bytes)
      yield chunk
    }
  }
  await deliver(counted())
  return bytes
}

/** How a place is written on the command line. */
export function nameOf(place: Place): string {
  if (place.kind === 'storage') return addressOf(place.source, place.container, place.file)
  return place.kind === 'local' ? place.path : '-'
}
