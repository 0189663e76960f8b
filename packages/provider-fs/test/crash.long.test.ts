import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { isStorageError } from '@stowage/core'
import type { StorageProvider } from '@stowage/core/provider'
import { expect, it, onTestFinished } from 'vitest'
import { checkContent } from './content.js'
import { list, never, newStorage, openProvider, reading } from './fixture.js'

const kills = 60
/** Determines the operations and their number before each kill, but not the moment of the kill. */
const seed = Number(process.env['STOWAGE_CRASH_SEED'] ?? 20_261_122)

function random(state: number) {
  let current = state
  return (below: number) => {
    current = (current * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((current / 2_147_483_648) * below)
  }
}

interface Writer {
  readonly process: ChildProcess
  /** Rejects if the process ends before it is killed. */
  readonly failed: Promise<never>
}

function startWriter(root: string, writerSeed: number): Writer {
  const writer = fork(new URL('./children/writer.ts', import.meta.url), [root, String(writerSeed)])
  const failed = once(writer, 'exit').then(([code, signal]): never | Promise<never> =>
    signal === 'SIGKILL'
      ? new Promise<never>(() => {})
      : Promise.reject(new Error(`a writer ended by itself with ${code}`)),
  )
  // Awaited later, possibly long after the process has ended.
  failed.catch(() => undefined)
  onTestFinished(() => {
    writer.kill('SIGKILL')
  })
  return { process: writer, failed }
}

/** Waits until the writer has reported this number of operations. */
async function untilWritten(writer: Writer, operations: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let told = 0
  const count = () => {
    told++
    if (told >= operations) resolve()
  }
  writer.process.on('message', count)
  try {
    await Promise.race([promise, writer.failed])
  } finally {
    writer.process.off('message', count)
  }
}

async function kill(writer: Writer): Promise<void> {
  const ended = once(writer.process, 'exit')
  if (!writer.process.kill('SIGKILL')) await writer.failed
  await ended
}

/** Reads every listed file, and checks that it is from one write and has its attributes. */
async function checkFiles(provider: StorageProvider): Promise<number> {
  let checked = 0
  for (const { name } of await list(provider)) if (await checkFile(provider, name)) checked++
  return checked
}

/** Returns false if the file no longer exists. */
async function checkFile(provider: StorageProvider, name: string): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      const opened = await provider.openFile('box', name, reading)
      const content = checkContent('bytes' in opened ? Buffer.from(opened.bytes) : await buffer(opened.stream))
      expect({ name, metadata: opened.info.metadata }).toEqual({
        name,
        metadata: content.hasAttributes ? { write: content.write } : {},
      })
      return true
    } catch (error) {
      if (isStorageError(error, 'FILE_NOT_FOUND')) return false
      // The file was moved onto a newer one during the read and got a new time, so it is read
      // again.
      if (!isStorageError(error, 'PRECONDITION_FAILED') || attempt === 20) throw error
    }
  }
}

async function leftovers(root: string): Promise<string[]> {
  const entries = await readdir(join(root, '.stowage'), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory() || entry.parentPath.endsWith('/tmp'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
}

it(`Writers that are killed ${kills} times at any moment leave complete files with their attributes, and data that the next start deletes`, async () => {
  const { root, provider } = await newStorage()
  const next = random(seed)
  let writers = [startWriter(root, next(1_000_000)), startWriter(root, next(1_000_000))]
  let checked = 0
  for (let round = 0; round < kills; round++) {
    const [victim, ...others] = writers
    if (victim === undefined) break
    await untilWritten(victim, 1 + next(40))
    await kill(victim)
    checked += await checkFiles(provider)
    writers = [...others, startWriter(root, next(1_000_000))]
  }
  for (const writer of writers) await kill(writer)
  expect(checked).toBeGreaterThan(kills)

  const fresh = openProvider(root)
  await fresh.clean()
  const uploads = await fresh.listUploads('box', { signal: never, limit: 1000, prefix: '' })
  for (const upload of uploads.entries) await fresh.abortUpload(upload, { signal: never })
  const withAttributes = (
    await Promise.all((await list(fresh)).map(({ name }) => fresh.getFile('box', name, reading)))
  ).filter(({ metadata }) => metadata['write'] !== undefined)
  const left = await leftovers(root)
  expect(left.filter((path) => !/^\/\.stowage\/(?:attributes|uploads)\//.test(path))).toEqual([])
  expect(left.filter((path) => path.startsWith('/.stowage/attributes/'))).toHaveLength(withAttributes.length)
  expect(left.filter((path) => path.startsWith('/.stowage/uploads/'))).toEqual([])
  await checkFiles(fresh)
})
