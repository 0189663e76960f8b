import { type ChildProcess, fork } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import { StorageService } from '@stowage/core'
import { describeServer } from '@stowage/test-servers'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { S3Provider } from '../src/index.js'
import { chunks, hashOf } from './content.js'

const MiB = 1024 ** 2
/** 3,072 of them took 55 s on two cores that were busy with other things. */
const mebibytes = Number(process.env['STOWAGE_TEST_LARGE_MEBIBYTES'] ?? 512)
const kills = 6

interface Transferred {
  readonly size: number
  readonly hash: string
  readonly up: { readonly above: number; readonly seconds: number }
  readonly down: { readonly above: number; readonly seconds: number }
}

/** Processes of their own that use the package as it is built. */
describeServer('ceph', ({ endpoint = '', region, key, keyId }) => {
  const settings = { endpoint, region, key, keyId }
  const provider = new S3Provider(settings)
  const storage = new StorageService(provider)
  const container = `processes-${randomUUID()}`
  const start = (script: string, order: object) => {
    const child = fork(new URL(`./children/${script}`, import.meta.url), [
      JSON.stringify({ settings, container, ...order }),
    ])
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }
  beforeAll(async () => {
    await storage.createContainer({ name: container })
  })
  afterAll(async () => {
    await storage.destroyContainer(container)
    await storage.close()
  })

  test(`${mebibytes} MiB of unknown length go up and come down whole, in less than 200 MiB of memory`, async () => {
    const child = start('transfer.ts', { mebibytes })
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the process ended with ${code}`)))
    const [{ size, hash, up, down }] = (await Promise.race([once(child, 'message'), ended])) as [Transferred]
    expect(size).toBe(mebibytes * MiB)
    expect(hash).toBe(await hashOf(chunks(mebibytes)))
    expect(up.above).toBeLessThan(200 * MiB)
    expect(down.above).toBeLessThan(200 * MiB)
  }, 600_000)

  test(`a writer that is killed ${kills} times leaves whole files, and uploads that are listed and purged`, async () => {
    const size = 30
    for (let round = 0; round < kills; round++) {
      const child = start('writer.ts', { mebibytes: size })
      await told(child, randomInt(1, 2 * size))
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
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

    const whole = await hashOf(chunks(size))
    const files = await storage.getFiles(container, { prefix: 'written ' })
    for (const { name } of files) {
      const { stream } = await storage.openFile(container, name)
      expect(await hashOf(stream)).toBe(whole)
    }
    const { Versions = [] } = await provider.native.send(
      new ListObjectVersionsCommand({ Bucket: container, Prefix: 'written ' }),
    )
    expect(Versions.map(({ Key }) => Key)).toEqual(files.map(({ name }) => name))
  }, 300_000)
})

/** Waits until the process has told so many times of what it does. */
async function told(child: ChildProcess, times: number): Promise<void> {
  let left = times
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  child.on('message', () => {
    if (--left === 0) resolve()
  })
  child.once('exit', (code) => reject(new Error(`the process ended with ${code}`)))
  await promise
}
