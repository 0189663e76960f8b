/**
 * Libraries for Amazon S3, each in its best form.
 *
 *     node s3.mjs LIBRARY ENDPOINT PACKAGES
 */

import { Agent } from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { drained, serve } from '../../src/clouds/serve.ts'

const [, , library, endpoint, packages] = process.argv
const require = createRequire(packages)
const load = async (name) => import(pathToFileURL(require.resolve(name)).href)
const { S3Client, PutObjectCommand, GetObjectCommand, paginateListObjectsV2 } = await load('@aws-sdk/client-s3')

const { key, keyId, region, endpoint: url } = JSON.parse(endpoint)
const client = new S3Client({
  endpoint: url,
  region,
  credentials: { accessKeyId: keyId, secretAccessKey: key },
  forcePathStyle: true,
  // Ceph refuses the checksums that the SDK sends of itself behind a stream.
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
  requestHandler: { httpAgent: new Agent({ keepAlive: true, maxSockets: 128 }) },
})
const partSize = 8 * 1024 * 1024
const queueSize = 4

const get = async (Bucket, Key) => (await client.send(new GetObjectCommand({ Bucket, Key }))).Body
const sdk = {
  down: async (container, file) => drained(await get(container, file)),
  upSmall: (Bucket, Key, Body) => client.send(new PutObjectCommand({ Bucket, Key, Body })),
  downSmall: async (container, file) => (await (await get(container, file)).transformToByteArray()).length,
  list: async (Bucket) => {
    let count = 0
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket })) count += Contents.length
    return count
  },
}

const libraries = {
  '@aws-sdk/client-s3': async () => sdk,
  '@aws-sdk/lib-storage': async () => {
    const { Upload } = await load('@aws-sdk/lib-storage')
    return {
      up: (Bucket, Key, Body) => new Upload({ client, params: { Bucket, Key, Body }, partSize, queueSize }).done(),
    }
  },
  flydrive: async () => {
    const { Disk } = await load('flydrive')
    const { S3Driver } = await load('flydrive/drivers/s3')
    const disks = new Map()
    const disk = (bucket) => {
      if (!disks.has(bucket)) {
        disks.set(bucket, new Disk(new S3Driver({ client, bucket, visibility: 'private', supportsACL: false })))
      }
      return disks.get(bucket)
    }
    return {
      down: async (container, file) => drained(await disk(container).getStream(file)),
      upSmall: (container, file, body) => disk(container).put(file, body),
      downSmall: async (container, file) => (await disk(container).getArrayBuffer(file)).byteLength,
      list: async (container) => {
        let count = 0
        let paginationToken
        do {
          const page = await disk(container).listAll('', { recursive: true, paginationToken })
          count += [...page.objects].length
          paginationToken = page.paginationToken
        } while (paginationToken)
        return count
      },
    }
  },
  flystorage: async () => {
    const { FileStorage } = await load('@flystorage/file-storage')
    const { AwsS3StorageAdapter } = await load('@flystorage/aws-s3')
    const storages = new Map()
    const storage = (bucket) => {
      if (!storages.has(bucket)) {
        const adapter = new AwsS3StorageAdapter(client, { bucket, uploadConfiguration: { partSize, queueSize } })
        storages.set(bucket, new FileStorage(adapter))
      }
      return storages.get(bucket)
    }
    return {
      up: (container, file, body) => storage(container).write(file, body),
      down: async (container, file) => drained(await storage(container).read(file)),
      upSmall: (container, file, body) => storage(container).write(file, body),
      downSmall: async (container, file) => (await storage(container).readToUint8Array(file)).length,
      list: async (container) => {
        let count = 0
        for await (const _entry of storage(container).list('', { deep: true })) count++
        return count
      },
    }
  },
}

serve(await libraries[library]())
