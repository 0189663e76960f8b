/**
 * The frame of a client that is a Node program: it makes its connection, is ready, and does one job
 * after the other.
 */
import { Readable } from 'node:stream'
import { content } from '../content.ts'
import { atOnce, type Job, manyName, type Outcome } from './job.ts'

/**
 * The operations of a client, each in its fastest form. Absent operations are not supported. Each
 * download returns the number of bytes.
 */
export interface Operations {
  readonly up?: (container: string, file: string, body: Readable) => Promise<unknown>
  readonly down?: (container: string, file: string, size: number) => Promise<number>
  readonly upSmall?: (container: string, file: string, body: Buffer) => Promise<unknown>
  readonly downSmall?: (container: string, file: string) => Promise<number>
  /** Returns the number of files. */
  readonly list?: (container: string) => Promise<number>
}

/** Runs the jobs that its parent process sends. */
export function serve(operations: Operations): void {
  process.on('message', (job: Job) => {
    measure(operations, job).then(
      (outcome) => process.send?.(outcome),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
        process.exit(1)
      },
    )
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ can: Object.keys(operations) })
}

async function measure(operations: Operations, job: Job): Promise<Outcome> {
  const before = process.cpuUsage()
  const started = performance.now()
  const moved = await done(operations, job)
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(before)
  return { seconds, processor: (user + system) / 1e6, moved }
}

async function done({ up, down, upSmall, downSmall, list }: Operations, job: Job): Promise<number> {
  const { container } = job
  if (job.work === 'up' && up !== undefined) {
    await up(container, job.file, bodyOf(job.size))
    return job.size
  }
  if (job.work === 'down' && down !== undefined) return down(container, job.file, job.size)
  if (job.work === 'list' && list !== undefined) return list(container)
  if (job.work === 'upMany' && upSmall !== undefined) {
    const body = content.subarray(0, job.size)
    return many(job.count, async (name) => {
      await upSmall(container, name, body)
      return body.length
    })
  }
  if (job.work === 'downMany' && downSmall !== undefined) return many(job.count, (name) => downSmall(container, name))
  throw new Error(`this client cannot do ${job.work}`)
}

async function many(count: number, act: (name: string) => Promise<number>): Promise<number> {
  let next = 0
  let moved = 0
  const worker = async () => {
    while (next < count) {
      const bytes = await act(manyName(next++))
      moved += bytes
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return moved
}

/** Chunks of the size that a socket or a disk returns. */
const chunkSize = 64 * 1024

export function bodyOf(size: number): Readable {
  return Readable.from(
    (function* () {
      for (let left = size; left > 0; left -= chunkSize) {
        const offset = (size - left) % content.length
        yield content.subarray(offset, offset + Math.min(left, chunkSize))
      }
    })(),
    { objectMode: false, highWaterMark: chunkSize },
  )
}

/** Reads to the end, and returns the number of bytes. */
export async function drained(body: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0
  for await (const chunk of body) length += chunk.length
  return length
}
