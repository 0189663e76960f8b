import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { isStorageError, type StorageProvider } from '@stowage/core'
import { expect, it, onTestFinished } from 'vitest'
import { checkContent } from './content.js'
import { list, never, newStorage, openProvider, reading } from './fixture.js'

const kills = 60
const seed = 20_261_122

function random(state: number) {
  let current = state
  return (below: number) => {
    current = (current * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((current / 2_147_483_648) * below)
  }
}

function startWriter(root: string, writerSeed: number): ChildProcess {
  const writer = fork(new URL('./children/writer.ts', import.meta.url), [root, String(writerSeed)])
  onTestFinished(() => {
    writer.kill('SIGKILL')
  })
  return writer
}

/** Waits until the writer has told of so many operations. */
async function untilWritten(writer: ChildProcess, operations: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let told = 0
  const count = () => {
    told++
    if (told >= operations) resolve()
  }
  const ended = (code: number | null) => reject(new Error(`the writer ended by itself with ${code}`))
  writer.on('message', count).on('exit', ended)
  try {
    await promise
  } finally {
    writer.off('message', count).off('exit', ended)
  }
}

/** Reads every file that is listed, and checks that it is one whole write with its own attributes. */
async function checkFiles(provider: StorageProvider): Promise<number> {
  let checked = 0
  for (const { name } of await list(provider)) {
    try {
      const opened = await provider.openFile('box', name, reading)
      const content = checkContent('bytes' in opened ? Buffer.from(opened.bytes) : await buffer(opened.stream))
      expect({ name, metadata: opened.info.metadata }).toEqual({
        name,
        metadata: content.hasAttributes ? { write: content.write } : {},
      })
      checked++
    } catch (error) {
      // Gone, or moved, which gives it a new time, while it was read: by the writer that is still alive.
      if (!isStorageError(error, 'FILE_NOT_FOUND') && !isStorageError(error, 'PRECONDITION_FAILED')) throw error
    }
  }
  return checked
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
  for (let kill = 0; kill < kills; kill++) {
    const [victim, ...others] = writers
    if (victim === undefined) break
    await untilWritten(victim, 1 + next(40))
    victim.kill('SIGKILL')
    await once(victim, 'exit')
    checked += await checkFiles(provider)
    writers = [...others, startWriter(root, next(1_000_000))]
  }
  for (const writer of writers) {
    writer.kill('SIGKILL')
    await once(writer, 'exit')
  }
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
  // What a completion was killed over, after its file had appeared, has no data, and is removed when it is a day old.
  for (const path of left.filter((path) => path.startsWith('/.stowage/uploads/'))) {
    expect(path).not.toMatch(/\/data$/)
  }
  await checkFiles(fresh)
}, 120_000)
