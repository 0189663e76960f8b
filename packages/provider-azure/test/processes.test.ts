import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { StorageService } from '@stowage/core'
import {
  describeServer,
  hashOf,
  killWhileWriting,
  largeBody,
  largeBodySize,
  transferWhole,
} from '@stowage/test-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AzureProvider } from '../src/index.js'
import { bookkeepingPrefix } from '../src/mapping/names.js'

const MiB = 1024 ** 2
/** The long form, 3,072 MiB, takes Azurite two minutes of CPU. */
const largeSize = largeBodySize(264)
const kills = 6

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) => {
  const settings = { storageAccount, storageAccessKey, endpoint }
  const provider = new AzureProvider(settings)
  const storage = new StorageService(provider)
  const container = `processes-${randomUUID()}`
  const client = {
    settings: { provider: 'azure', partSize: 4 * MiB, ...settings },
    directory: new URL('..', import.meta.url).pathname,
    container,
    file: 'file',
  } as const
  /** The names of all blobs, including those that the provider does not list. */
  const blobs = async () => {
    const names: string[] = []
    const raw = provider.native.getContainerClient(container)
    for await (const { name } of raw.listBlobsFlat({ includeUncommitedBlobs: true })) names.push(name)
    return names
  }
  beforeAll(async () => {
    await storage.createContainer({ name: container })
  })
  afterAll(async () => {
    await storage.destroyContainer(container)
    await storage.close()
  })

  test(`${largeSize / MiB} MiB of unknown length are uploaded and downloaded completely, in less than 200 MiB of memory`, async () => {
    const { partSize: _, ...defaults } = client.settings
    await transferWhole({ ...client, settings: defaults, size: largeSize }, 200 * MiB)
  }, 600_000)

  test(`a writer that is killed ${kills} times leaves a complete file, and uploads that are listed and purged`, async () => {
    const chunks = 18
    const size = chunks * MiB
    // Over an existing file, which must survive the failed replacements.
    await storage.putFile(container, 'file', largeBody(size))
    for (let round = 0; round < kills; round++) {
      // The first round kills it in the middle, where an upload is pending.
      await killWhileWriting({ ...client, size }, { chunks: round === 0 ? chunks / 2 : randomInt(1, 2 * chunks) })
    }
    // The server may still execute what the killed process has sent.
    await setTimeout(2000)
    const unfinished = await Array.fromAsync(storage.uploads(container), ({ id }) => id)
    expect(unfinished.length).toBeGreaterThan(0)
    const purged = await storage.purgeUploads(container)
    expect(purged.map(({ id }) => id)).toEqual(unfinished)
    expect((await blobs()).filter((name) => name.startsWith(bookkeepingPrefix))).toEqual([])

    expect(await hashOf((await storage.openFile(container, 'file')).stream)).toBe(await hashOf(largeBody(size)))
    expect(await blobs()).toEqual(['file'])
  }, 300_000)
})
