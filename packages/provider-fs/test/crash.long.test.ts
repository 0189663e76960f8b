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
/** Which operations, and how many before each kill. The moment of a kill is the machine's. */
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
  /** Rejects when the process ends without having been killed. */
  readonly failed: Promise<never>
}

function startWriter(root: string, writerSeed: number): Writer {
  const writer = fork(new URL('./children/writer.ts', import.meta.url), [root, String(writerSeed)])
  const failed = once(writer, 'exit').then(([code, signal]): never | Promise<never> =>
    signal === 'SIGKILL'
      ? new Promise<never>(() => {})
      : Promise.reject(new Error(`a writer ended by itself with ${code}`)),
  )
  // Looked at when the writer is waited for, be it long after its end.
  failed.catch(() => undefined)
  onTestFinished(() => {
    writer.kill('SIGKILL')
  })
  return { process: writer, failed }
}

/** Waits until the writer has told of so many operations. */
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

/** Reads every file that is listed, and checks that it is one whole write with its own attributes. */
async function checkFiles(provider: StorageProvider): Promise<number> {
  let checked = 0
  for (const { name } of await list(provider)) if (await checkFile(provider, name)) checked++
  return checked
}

/** False when the file is gone. */
async function checkFile(provider: StorageProvider, name: string): Promise<boolean> {
  for (let tries = 1; ; tries++) {
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
      // Moved onto a newer file while it was read, which gives it a new time: to be read again.
      if (!isStorageError(error, 'PRECONDITION_FAILED') || tries === 20) throw error
    }
  }
}

async function leftovers(root: string): Promise<string[]> {
  const entries = await readdir(join(root, '.stowage'), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory() || entry.parentPath.endsWith('/tmp'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
}

it(`Writers killed ${kills} times at any moment leave whole files with their own attributes, and litter that a start clears`, async () => {
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
