import { randomInt } from 'node:crypto'
import { StorageService } from '@stowage/core'
import { describeServer, killWhileWriting, largeBodySize, transferWhole } from '@stowage/test-servers'
import { afterAll, expect, test } from 'vitest'
import { OpenStackProvider } from '../src/index.js'

const MiB = 1024 ** 2
/** 3,072 MiB, the long form, takes a minute. */
const largeSize = largeBodySize(384)

describeServer('swift', ({ authUrl, username, password, projectName, region }) => {
  const settings = { authUrl, username, password, projectName, region }
  const provider = new OpenStackProvider(settings)
  const storage = new StorageService(provider)
  const containers: string[] = []

  afterAll(async () => {
    for (const container of containers) await storage.destroyContainer(container)
    await storage.close()
  })

  const newContainer = async (): Promise<string> => {
    const container = `processes-${Date.now().toString(36)}`
    containers.push(container)
    await storage.createContainer({ name: container })
    return container
  }

  const client = (container: string) => ({
    settings: { provider: 'openstack' as const, ...settings },
    directory: new URL('..', import.meta.url).pathname,
    container,
    file: 'file',
  })
  /** Options of a process that writes in parts of 1 MiB. */
  const writer = (container: string, size: number) => {
    const { settings: defaults, ...rest } = client(container)
    return { ...rest, settings: { ...defaults, partSize: MiB }, size }
  }

  const partsIn = async (container: string): Promise<string[]> => {
    const request = { container: `stowage-segments.${container}`, signal: AbortSignal.timeout(60_000), allow: [404] }
    return (await provider.native.list<{ name: string }>(request)).entries.map(({ name }) => name)
  }

  /** Purges uploads. First waits until Swift has stored all that the killed process had sent. */
  const purge = async (container: string): Promise<void> => {
    for (let previous = -1, current = 0; previous !== current; ) {
      previous = current
      for (let lists = 0; lists < 5; lists++) current = (await partsIn(container)).length
    }
    await storage.purgeUploads(container)
    expect(await Array.fromAsync(storage.uploads(container))).toEqual([])
  }

  test(`${largeSize / MiB} MiB of unknown length are uploaded and downloaded completely, in less than 200 MiB of memory`, async () => {
    const container = await newContainer()
    await transferWhole({ ...client(container), size: largeSize }, 200 * MiB)
    await storage.removeFile(container, 'file')
    expect(await partsIn(container)).toEqual([])
  }, 1_800_000)

  test('a writer that is killed leaves the old file, and an upload that is listed and purged', async () => {
    const container = await newContainer()
    const old = Buffer.alloc(3 * MiB, 'old ')
    await storage.putFile(container, 'file', old, { partSize: MiB })
    const partsOfOld = await partsIn(container)
    for (let killed = 1; killed <= 4; killed++) {
      await killWhileWriting(writer(container, 2 ** 40), { chunks: randomInt(1, 41) })
      const listed = await Array.fromAsync(storage.uploads(container))
      expect(listed.length).toBeLessThanOrEqual(killed)
      for (const upload of listed) expect(upload).toMatchObject({ file: 'file', partSize: MiB })
    }
    expect((await (await storage.openFile(container, 'file')).bytes()).equals(old)).toBe(true)
    await purge(container)
    expect(await partsIn(container)).toEqual(partsOfOld)
  })

  test('a writer that is killed during the completion leaves the old or the new file, and nothing that is not purged', async () => {
    const container = await newContainer()
    const size = 3 * MiB + 5
    for (let killed = 0; killed < 4; killed++) {
      const old = Buffer.alloc(2 * MiB, killed)
      await storage.putFile(container, 'file', old, { partSize: MiB })
      // The last chunk is followed by the last parts, the manifest, and the deletion of the
      // previous version's parts.
      await killWhileWriting(writer(container, size), { chunks: 4, soon: randomInt(200) })
      const read = async () => (await storage.openFile(container, 'file')).bytes()
      const isComplete = (bytes: Buffer) => bytes.length === size || bytes.equals(old)
      expect(isComplete(await read())).toBe(true)
      // The last request of the killed process may replace the file only after this read.
      await purge(container)
      const last = await read()
      expect(isComplete(last)).toBe(true)
      expect(await partsIn(container)).toHaveLength(last.length === size ? 4 : 2)
    }
  })
})
