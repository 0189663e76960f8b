/**
 * Uploads through servers that are killed at random instants, while another process continues.
 *
 * - `STOWAGE_KILL_RUNS`: uploads for each storage. Default: 5.
 * - `STOWAGE_KILL_SEED`: repeats the sizes and the instants of an earlier run. What a server has
 *   done by an instant still differs.
 */
import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Random } from './random.ts'
import { ServerPair } from './server-process.ts'
import { describePlaces } from './storages.ts'
import { append, create, look } from './tus-requests.ts'

const runs = Number(process.env['STOWAGE_KILL_RUNS'] ?? 5)
const seed = Number(process.env['STOWAGE_KILL_SEED'] ?? Date.now() % 1_000_000)
const timeout = 60_000 + runs * 30_000
/** Interruptions of one upload. Afterwards, it is left to end. */
const maxInterruptions = 6

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** What happened, for the last line of a run. */
interface Counts {
  runs: number
  requests: number
  kills: number
  aborts: number
  bytes: number
  /** Requests that were refused because another server stored bytes after the offset was asked. */
  conflicts: number
  /** Kills without a response, after which the offset was higher than before the request. */
  kept: number
}

describePlaces(({ name, open }) => {
  describe(`${runs} uploads with the seed ${seed}`, () => {
    it('lose no acknowledged byte, and leave nothing behind', { timeout }, async () => {
      const { storage, container, settings, leftovers } = await open()
      const random = new Random(seed)
      const servers = await ServerPair.start(settings)
      const counts: Counts = { runs: 0, requests: 0, kills: 0, aborts: 0, bytes: 0, conflicts: 0, kept: 0 }
      for (let run = 0; run < runs; run++) {
        const label = `seed ${seed}, run ${run}`
        const content = await uploadOnce(random, servers, settings.partSize, container, `run ${run}`, counts, label)
        const file = await storage.openFile(container, `run ${run}`)
        expect(file.info.size, label).toBe(content.length)
        expect(sha256(await file.bytes()), label).toBe(sha256(content))
        await storage.removeFile(container, `run ${run}`)
        counts.runs++
        counts.bytes += content.length
      }
      await storage.purgeUploads(container)
      await expect.poll(leftovers).toEqual([])
      const { STOWAGE_KILL_REPORT: report } = process.env
      if (report !== undefined) appendFileSync(report, `${JSON.stringify({ storage: name, seed, ...counts })}\n`)
    })
  })
})

/** Uploads a file of random size in chunks from 1 byte to three parts. Returns its content. */
async function uploadOnce(
  random: Random,
  servers: ServerPair,
  partSize: number,
  container: string,
  name: string,
  counts: Counts,
  label: string,
): Promise<Buffer> {
  const content = random.bytes(random.integer(1, Math.ceil(partSize * 4.5)))
  const path = await create(`${servers.current.url}/${container}`, name, content.length)
  let acknowledged = 0
  // Milliseconds that requests take: with few bytes, and with many.
  const durations = { few: 50, many: 100 }
  for (let offset = 0, interruptions = 0; offset < content.length; ) {
    const length = random.chance(0.3) ? random.integer(1, 1000) : random.integer(1, 3 * partSize)
    const chunk = content.subarray(offset, offset + length)
    const size = chunk.length > 1000 ? 'many' : 'few'
    const isInterrupted = interruptions < maxInterruptions && random.chance(0.6)
    const isKilled = isInterrupted && random.chance(0.7)
    const started = performance.now()
    const controller = new AbortController()
    const request = append(servers.current.url + path, offset, chunk, controller.signal)
    counts.requests++
    if (isInterrupted) {
      interruptions++
      // Anywhere in the request, sometimes after it.
      await delay(random.fraction() * durations[size] * 1.2)
      if (isKilled) await servers.replace()
      else controller.abort()
      if (!isKilled) await servers.swap()
      counts[isKilled ? 'kills' : 'aborts']++
    }
    const { offset: reported, status } = await request
    // The server of an aborted request may have stored more in the meantime.
    if (status === 409) counts.conflicts++
    else if (!isInterrupted) {
      expect(reported, `${label}: PATCH ${status}`).toBe(offset + chunk.length)
      durations[size] = performance.now() - started
    }
    acknowledged = Math.max(acknowledged, reported ?? 0)
    const { offset: stored = -1, status: found } = await look(servers.current.url + path)
    expect(found, `${label}: HEAD`).toBe(200)
    expect(stored, `${label}: the offset`).toBeGreaterThanOrEqual(acknowledged)
    if (isKilled && reported === undefined && stored > offset) counts.kept++
    acknowledged = stored
    offset = stored
  }
  return content
}
