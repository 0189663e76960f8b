/**
 * Copies one file.
 */
import { createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { copyBetween, type WriteOptions } from '@stowage/core'
import { addressOf } from '../commands/addresses.js'
import type { Storages } from '../commands/storages.js'
import { UsageFailure } from '../failures/failures.js'
import type { Terminal } from '../terminal/terminal.js'
import { named, replaceFile, targetOf } from './atomic-file.js'
import type { Copy, Place } from './copy-plan.js'
import { discardDownload, downloadToPart } from './download-to-part.js'
import { makeDirectories } from './local-tree.js'
import { type Resumption, resumableFrom } from './resumption.js'
import { discardEarlierUpload, uploadInParts } from './upload-in-parts.js'

/** Bytes of one read or write of this machine's files. */
const chunkSize = 1024 * 1024

export interface CopyMeans {
  readonly storages: Storages
  readonly terminal: Terminal
  readonly resumption: Resumption
  readonly signal: AbortSignal
  /** Called with the size of the file when it is opened, if it is known. */
  readonly onSize: (bytes: number) => void
  /** Called with the bytes that an interrupted copy has stored. */
  readonly onResumed: (bytes: number) => void
  /** Called with the bytes so far; fewer than before if some are sent again. */
  readonly onBytes: (bytes: number) => void
}

type Stored = Extract<Place, { readonly kind: 'storage' }>
type Local = Extract<Place, { readonly kind: 'local' }>

/** Copies a file, whose target appears complete or not at all. Returns its size. */
export async function copyFile({ from, to, size: known }: Copy, means: CopyMeans): Promise<number> {
  if (to.kind === 'storage') {
    if (from.kind === 'storage') return copyStored(from, to, means)
    return from.kind === 'local' ? upload(from, to, means) : store(means.terminal.stdin, to, {}, means)
  }
  if (from.kind !== 'storage') throw new UsageFailure('one side must be in a data source: name:container/file')
  const { signal } = means
  if (to.kind === 'standard') {
    return download(from, means, (chunks) => pipeline(chunks, means.terminal.stdout, { signal, end: false }))
  }
  if (to.below !== undefined) await makeDirectories(to.below, to.path)
  const resumed = await downloadResumably(from, to, known, means)
  if (resumed !== undefined) return resumed
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

async function upload(from: Local, to: Stored, means: CopyMeans): Promise<number> {
  const { path } = from
  // The size of a pipe is unknown, and a pending read from it would prevent closing the handle.
  if (!(await stat(path)).isFile()) return store(createReadStream(path), to, {}, means)
  await using handle = await open(path)
  const { size } = await handle.stat()
  means.onSize(size)
  if (size >= resumableFrom) {
    const resumed = await uploadResumably(from, to, handle, means)
    if (resumed !== undefined) return resumed
  }
  // Of a file that grows during the copy, the bytes that it had are stored.
  const body =
    size === 0
      ? new Uint8Array()
      : handle.createReadStream({ autoClose: false, end: size - 1, highWaterMark: chunkSize })
  return await store(body, to, { size }, means)
}

/** Returns `undefined` if the upload cannot be resumed, or must not be. */
async function uploadResumably(from: Local, to: Stored, handle: FileHandle, means: CopyMeans) {
  const { resumption, signal, onBytes, onResumed } = means
  const storage = await means.storages.open(to.source)
  if (storage.capabilities.parts === false) return undefined
  const record = resumption.recordOf(from, to)
  if (!resumption.enabled) {
    await discardEarlierUpload(storage, record)
    return undefined
  }
  const { path: name } = from
  return uploadInParts({ storage, ...placeOf(to), handle, name, record, resumption, signal, onBytes, onResumed })
}

/** Returns `undefined` if the download cannot be resumed, or must not be. */
async function downloadResumably(
  from: Stored,
  to: Local,
  known: number | undefined,
  means: CopyMeans,
): Promise<number | undefined> {
  if (known !== undefined && known < resumableFrom) return undefined
  const { resumption, signal, onBytes, onResumed, onSize } = means
  const record = resumption.recordOf(from, to)
  if (!resumption.enabled) {
    await discardDownload(record)
    return undefined
  }
  const target = await targetOf(to.path)
  if (target === undefined) return undefined
  const storage = await means.storages.open(from.source)
  const info = await storage.getFile(from.container, from.file, { signal })
  if (info.size < resumableFrom) return undefined
  onSize(info.size)
  const job = { storage, ...placeOf(from), info, name: nameOf(from), target }
  try {
    return await downloadToPart({ ...job, record, resumption, signal, onBytes, onResumed })
  } catch (error) {
    throw named(error, to.path)
  }
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

/** Returns a place as it is written on the command line. */
export function nameOf(place: Place): string {
  if (place.kind === 'storage') return addressOf(place.source, place.container, place.file)
  return place.kind === 'local' ? place.path : '-'
}
