import { randomInt, randomUUID } from 'node:crypto'
import { ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3'
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
import { S3Provider } from '../src/index.js'

const MiB = 1024 ** 2
/** 3,072 MiB took 55 s on two busy cores. */
const largeSize = largeBodySize(512)
const kills = 6

describeServer('ceph', ({ endpoint = '', region, key, keyId }) => {
  const settings = { endpoint, region, key, keyId }
  const provider = new S3Provider(settings)
  const storage = new StorageService(provider)
  const container = `processes-${randomUUID()}`
  const client = {
    settings: { provider: 'amazon', partSize: 5 * MiB, ...settings },
    directory: new URL('..', import.meta.url).pathname,
    container,
    file: 'file',
  } as const

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
    const chunks = 30
    const size = chunks * MiB
    await storage.putFile(container, 'file', largeBody(size))
    for (let round = 0; round < kills; round++) {
      // The first round kills it in the middle, where an upload is pending.
      await killWhileWriting({ ...client, size }, { chunks: round === 0 ? chunks / 2 : randomInt(1, 2 * chunks) })
    }
    const native = async () => {
      const { Uploads = [] } = await provider.native.send(new ListMultipartUploadsCommand({ Bucket: container }))
      return Uploads.map(({ UploadId }) => UploadId).toSorted()
    }
    const unfinished = await Array.fromAsync(storage.uploads(container), ({ id }) => id)
    expect(unfinished.length).toBeGreaterThan(0)
    expect(unfinished.toSorted()).toEqual(await native())
    const purged = await storage.purgeUploads(container)
    expect(purged.map(({ id }) => id)).toEqual(unfinished)
    expect(await native()).toEqual([])

    expect(await hashOf((await storage.openFile(container, 'file')).stream)).toBe(await hashOf(largeBody(size)))
    const { Versions = [] } = await provider.native.send(new ListObjectVersionsCommand({ Bucket: container }))
    expect(Versions.map(({ Key }) => Key)).toEqual(['file'])
  }, 300_000)
})
