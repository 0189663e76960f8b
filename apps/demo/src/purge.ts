/** Deletes what abandoned uploads have left in the storages. */
import type { ConfiguredStorage } from './storages.js'

const minute = 60 * 1000
const day = 24 * 60 * minute
/** Other programs may have unfinished uploads in the same containers, so younger ones stay. */
const age = 7 * day

/** Purges every storage a minute after the start, and then once a day. A failure is reported. */
export function purgeDaily(storages: ReadonlyMap<string, ConfiguredStorage>, report: (message: string) => void): void {
  const run = () => void purgeStaleUploads(storages, new Date(Date.now() - age), report)
  setTimeout(run, minute).unref()
  setInterval(run, day).unref()
}

/** Deletes the uploads that started before a time. */
export async function purgeStaleUploads(
  storages: ReadonlyMap<string, ConfiguredStorage>,
  startedBefore: Date,
  report: (message: string) => void,
): Promise<void> {
  for (const each of storages.values()) {
    if ('error' in each || each.storage.capabilities.parts === false) continue
    const { name, storage } = each
    try {
      for (const container of await storage.getContainers())
        await storage.purgeUploads(container.name, { startedBefore })
    } catch (error) {
      report(
        `stale uploads of data source "${name}" were not deleted: ${error instanceof Error ? error.message : error}`,
      )
    }
  }
}
