/** A quota that several processes share, over storages that several processes can share. */
import { execFile } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createStorage, type DataSourceSettings, StorageQuota } from '@stowage/core'
import { describeServer } from '@stowage/test-servers'
import { describe, expect, it, onTestFinished } from 'vitest'

const run = promisify(execFile)
const writer = fileURLToPath(new URL('quota-writer.ts', import.meta.url))
const limit = 1_000_000
/** What the files of the writer have at most. */
const largest = 21_000

function describeProcesses(title: string, settingsOf: () => DataSourceSettings): void {
  describe(`a quota over ${title}`, () => {
    it.each(['known', 'unknown'])(
      'is never exceeded by four processes, whose files have a length that is %s',
      async (length) => {
        const settings = settingsOf()
        const id = Math.random().toString(36).slice(2)
        const [photos, accounts] = [`photos-${id}`, `accounts-${id}`]
        const storage = await createStorage(settings)
        onTestFinished(async () => {
          for (const name of [photos, accounts]) await storage.destroyContainer(name)
          await storage.close()
        })
        for (const name of [photos, accounts]) await storage.createContainer({ name })
        const job = JSON.stringify({ settings, photos, accounts, limit, length })
        const processes = Array.from({ length: 4 }, () => run(process.execPath, [writer, job]))
        const stored = (await Promise.all(processes)).map(({ stdout }) => Number(stdout))
        const sum = stored.reduce((total, bytes) => total + bytes, 0)
        const files = await storage.getFiles(photos)
        expect(files.reduce((total, file) => total + (file.folder ? 0 : file.size), 0)).toBe(sum)
        expect(sum).toBeLessThanOrEqual(limit)
        // Each process ends after five refused files, so little is left.
        expect(sum).toBeGreaterThan(limit - largest)
        const quota = new StorageQuota(storage, { container: accounts, limit })
        expect(await quota.usage('tom')).toEqual({ used: sum, reserved: 0, limit })
      },
    )
  })
}

describeProcesses('filesystem', () => {
  const root = mkdtempSync(join(tmpdir(), 'stowage-quota-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  return { provider: 'filesystem', root }
})

describeServer('ceph', ({ endpoint = '', region, key, keyId }) => {
  // Accounts are written in one request each, to which Ceph applies conditions.
  describeProcesses('Ceph', () => ({
    provider: 'amazon',
    endpoint,
    region,
    key,
    keyId,
    conditionalWrites: 'all',
  }))
})

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) => {
  describeProcesses('Azurite', () => ({ provider: 'azure', storageAccount, storageAccessKey, endpoint }))
})
