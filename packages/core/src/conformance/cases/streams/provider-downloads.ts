/**
 * E. Streams: downloads of the bare provider.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type ConformanceCase, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { blocks, sameChunks } from '../../tools/content.js'

const mebibyte = 1024 * 1024

/** Bytes: much more than a provider may read ahead. */
const fileSize = 32 * mebibyte
const maxAhead = 12 * mebibyte

/** Milliseconds between two readings of the memory in use. Several equal readings mean stable. */
const readingInterval = 100
const stableReadings = 8
const maxReadings = 200

/** Collects garbage if the runtime allows it, so that only memory in use counts. */
function collectGarbage(): void {
  try {
    setFlagsFromString('--expose-gc')
    runInNewContext('gc')()
  } catch {
    // A runtime without V8's flags.
  }
}

/**
 * Returns the memory in use when it no longer changes: the runtime frees buffers in the background,
 * and a provider that reads ahead receives data for a while.
 */
async function usedMemory(): Promise<number> {
  let last = 0
  for (let readings = 0, stable = 0; readings < maxReadings && stable < stableReadings; readings++) {
    await delay(readingInterval)
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    stable = Math.abs(heapUsed + external - last) < mebibyte ? stable + 1 : 0
    last = heapUsed + external
  }
  return last
}

/** Opens a large file without a range. */
async function open({ provider, container, call }: CaseContext): Promise<Readable> {
  const opened = await provider.openFile(container, 'file', { ...call, conditions: {} })
  assert.ok('stream' in opened, `the provider returns a file of ${fileSize} bytes as bytes in memory`)
  return opened.stream
}

async function firstChunk(stream: Readable): Promise<void> {
  await once(stream, 'readable')
  stream.read(1)
}

/** Waits, for at most ten seconds, until no more handles are open than before. */
async function openAtMost(context: CaseContext, before: number): Promise<number> {
  let now = before
  for (let tries = 0; tries < 1000; tries++) {
    now = (await context.harness.open?.()) ?? 0
    if (now <= before) break
    await delay(10)
  }
  return now
}

export const providerDownloads: readonly ConformanceCase[] = [
  {
    id: 'E.15',
    name: 'the bare provider does not read ahead when the reader stops',
    async run(context) {
      await context.put('file', blocks(fileSize, mebibyte))
      const before = await usedMemory()
      const stream = await open(context)
      await firstChunk(stream)
      const ahead = (await usedMemory()) - before
      assert.ok(ahead <= maxAhead, `${ahead} bytes are in memory while the reader reads nothing`)
      const rest = await sameChunks(stream, blocks(fileSize, mebibyte), 1)
      assert.equal(rest, fileSize - 1)
    },
  },
  {
    id: 'E.16',
    name: 'the bare provider releases the connection of a destroyed download',
    needs: needs.open,
    async run(context) {
      await context.put('file', blocks(fileSize, mebibyte))
      const before = (await context.harness.open?.()) ?? 0
      const streams = await Promise.all(Array.from({ length: 20 }, () => open(context)))
      await Promise.all(streams.map(firstChunk))
      for (const stream of streams) stream.destroy()
      const left = await openAtMost(context, before)
      assert.ok(left <= before, `${left} connections or descriptors are open, and ${before} were before the downloads`)
    },
  },
]
