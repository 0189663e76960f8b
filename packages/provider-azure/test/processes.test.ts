import { type ChildProcess, fork } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { StorageService } from '@stowage/core'
import { describeServer } from '@stowage/test-servers'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { AzureProvider } from '../src/index.js'
import { bookkeepingPrefix } from '../src/names.js'
import { chunks, hashOf } from './content.js'

const MiB = 1024 ** 2
/** 3,072 of them, the long form, keep Azurite busy for two minutes of CPU. */
const mebibytes = Number(process.env['STOWAGE_TEST_LARGE_MEBIBYTES'] ?? 256)
const kills = 6

interface Measured {
  readonly above: number
  readonly seconds: number
}

interface Transferred {
  readonly size: number
  readonly hash: string
  readonly up: Measured
  readonly down: Measured
}

/** Processes of their own that use the package as it is built. */
describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) => {
  const settings = { storageAccount, storageAccessKey, endpoint }
  const provider = new AzureProvider(settings)
  const storage = new StorageService(provider)
  const container = `processes-${randomUUID()}`
  const start = (script: string, order: object) => {
    const child = fork(new URL(`./children/${script}`, import.meta.url), [
      JSON.stringify({ settings, container, ...order }),
    ])
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }
  /** What is in the container, with what no list of ours shows. */
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

  test(`${mebibytes} MiB of unknown length go up and come down whole, in less than 200 MiB of memory`, async () => {
    const child = start('transfer.ts', { mebibytes })
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the process ended with ${code}`)))
    const [{ size, hash, up, down }] = (await Promise.race([once(child, 'message'), ended])) as [Transferred]
    expect(size).toBe(mebibytes * MiB)
    expect(hash).toBe(await hashOf(chunks(mebibytes)))
    expect(up.above).toBeLessThan(200 * MiB)
    expect(down.above).toBeLessThan(200 * MiB)
    await storage.removeFile(container, 'large')
    await storage.removeFile(container, 'small')
  }, 600_000)

  test(`a writer that is killed ${kills} times leaves whole files, and uploads that are listed and purged`, async () => {
    const size = 18
    // Over a file that is there, so that it must survive whatever happens to those who replace it.
    await storage.putFile(container, 'file', chunks(size))
    for (let round = 0; round < kills; round++) {
      const child = start('writer.ts', { mebibytes: size })
      // Once in the middle for certain, where an upload is under way.
      await told(child, round === 0 ? size / 2 : randomInt(1, 2 * size))
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    const unfinished = await Array.fromAsync(storage.uploads(container), ({ id }) => id)
    expect(unfinished.length).toBeGreaterThan(0)
    const purged = await storage.purgeUploads(container)
    expect(purged.map(({ id }) => id)).toEqual(unfinished)
    expect((await blobs()).filter((name) => name.startsWith(bookkeepingPrefix))).toEqual([])

    const whole = await hashOf(chunks(size))
    const files = await storage.getFiles(container)
    for (const { name } of files) {
      expect(await hashOf((await storage.openFile(container, name)).stream), name).toBe(whole)
    }
    expect(await blobs()).toEqual(files.map(({ name }) => name))
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
