import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { appendFile, readdir, stat, utimes } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { StorageService } from '@stowage/core'
import { AzureProvider } from '@stowage/provider-azure'
import { FilesystemProvider } from '@stowage/provider-fs'
import { describeServer } from '@stowage/test-servers'
import { describe, expect, test } from 'vitest'
import { Workplace } from './workplace.js'

const MiB = 1024 * 1024
const size = 192 * MiB

/** A file in which a piece in the wrong place changes the checksum. */
async function distinctFile(place: Workplace, name: string, bytes = size): Promise<void> {
  const counters = new Uint32Array(bytes / 4).map((_, index) => index)
  await place.write(name, new Uint8Array(counters.buffer))
}

async function checksum(place: Workplace, name: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(place.at(name)), hash)
  return hash.digest('hex')
}

const isSame = async (place: Workplace, one: string, other: string) =>
  (await checksum(place, one)) === (await checksum(place, other))

/** The records of interrupted copies. */
const records = (place: Workplace) => readdir(place.at('state/stowage/copies')).catch(() => [])

const partsOf = async (place: Workplace, directory: string) =>
  (await readdir(place.at(directory))).filter((name) => name.endsWith('.part'))

/** Whether a `.part` file has some bytes. */
const hasReceived = async (place: Workplace, directory: string, bytes: number) => {
  const [part] = await partsOf(place, directory)
  return part !== undefined && (await stat(place.at(directory, part)).catch(() => ({ size: 0 }))).size >= bytes
}

/** Whether the service has some parts of an upload. */
async function hasParts(storage: StorageService, container: string, count: number): Promise<boolean> {
  const [upload] = await Array.fromAsync(storage.uploads(container))
  return upload !== undefined && (await Array.fromAsync(storage.parts(upload)).catch(() => [])).length >= count
}

async function onDisk() {
  const files = { provider: 'filesystem', root: './files', createRoot: true, partSize: MiB }
  const place = await Workplace.make({ 'datasources.json': JSON.stringify({ files }), 'files/c/a': '', 'here/a': '' })
  const storage = new StorageService(new FilesystemProvider({ root: place.at('files') }))
  return {
    place,
    storage,
    [Symbol.asyncDispose]: async () => {
      await storage.close()
      await place[Symbol.asyncDispose]()
    },
  }
}

describe('an upload', () => {
  const command = ['cp', 'film', 'files:c/film']

  /** Uploads a file, and kills the program before the upload is complete. */
  async function killed() {
    const disk = await onDisk()
    await distinctFile(disk.place, 'film')
    await using running = disk.place.start(command)
    await running.killWhen(() => hasParts(disk.storage, 'c', 8))
    return disk
  }

  test('that was killed is continued by the same command', async () => {
    await using disk = await killed()
    const { place, storage } = disk
    expect(await storage.hasFile('c', 'film')).toBe(false)
    const { code, stderr } = await place.run(command)
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^stowage: film: continuing at [\d.]+ MiB of 192\.0 MiB\n$/),
    ])
    expect(Number(/at ([\d.]+)/.exec(stderr)?.[1])).toBeGreaterThanOrEqual(8)
    expect(await isSame(place, 'film', 'files/c/film')).toBe(true)
    expect(await Array.fromAsync(storage.uploads('c'))).toEqual([])
    expect(await records(place)).toEqual([])
  })

  test('of a file that has changed starts over, and says so', async () => {
    await using disk = await killed()
    const { place, storage } = disk
    await utimes(place.at('film'), new Date(), new Date(2020, 1, 1))
    const { code, stderr } = await place.run([...command, '--json'])
    expect([code, JSON.parse(stderr)]).toEqual([
      0,
      { name: 'film', notice: 'has changed since its upload was interrupted: starting over' },
    ])
    expect(await isSame(place, 'film', 'files/c/film')).toBe(true)
    expect(await Array.fromAsync(storage.uploads('c'))).toEqual([])
  })

  test('that was aborted on the service starts over, and says so', async () => {
    await using disk = await killed()
    const { place, storage } = disk
    for await (const upload of storage.uploads('c')) await storage.abortUpload(upload)
    const { code, stderr } = await place.run(command)
    expect([code, stderr]).toEqual([0, 'stowage: film: the interrupted upload is gone: starting over\n'])
    expect(await isSame(place, 'film', 'files/c/film')).toBe(true)
  })

  test('with --no-resume starts over, and deletes what was stored', async () => {
    await using disk = await killed()
    const { place, storage } = disk
    const { code, stderr } = await place.run([...command, '--no-resume'])
    expect([code, stderr]).toEqual([0, ''])
    expect(await Array.fromAsync(storage.uploads('c'))).toEqual([])
    expect(await records(place)).toEqual([])
  })

  test('succeeds without a place for its record, and says that it cannot be continued', async () => {
    await using disk = await onDisk()
    const { place } = disk
    await distinctFile(place, 'film', 20 * MiB)
    const { code, stderr } = await place.run(command, { environment: { XDG_STATE_HOME: '/dev/null/none' } })
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/cannot be written \(ENOTDIR\): an interrupted copy will start over\n$/),
    ])
    expect(await isSame(place, 'film', 'files/c/film')).toBe(true)
  })
})

describe('a download', () => {
  const command = ['cp', 'files:c/film', 'here/']

  async function killed() {
    const disk = await onDisk()
    await distinctFile(disk.place, 'files/c/film')
    await using running = disk.place.start(command)
    await running.killWhen(() => hasReceived(disk.place, 'here', 8 * MiB))
    return disk
  }

  test('that was killed is continued by the same command', async () => {
    await using disk = await killed()
    const { place } = disk
    expect(await readdir(place.at('here'))).not.toContain('film')
    const { code, stderr } = await place.run(command)
    expect(stderr).toMatch(/^stowage: files:c\/film: continuing at [\d.]+ MiB of 192\.0 MiB\n$/)
    expect(code).toBe(0)
    expect(await isSame(place, 'here/film', 'files/c/film')).toBe(true)
    expect(await partsOf(place, 'here')).toEqual([])
    expect(await records(place)).toEqual([])
  })

  test('of a file that has changed starts over, and says so', async () => {
    await using disk = await killed()
    const { place } = disk
    await appendFile(place.at('files/c/film'), 'more')
    const { code, stderr } = await place.run(command)
    expect([code, stderr]).toEqual([
      0,
      'stowage: files:c/film: has changed since its download was interrupted: starting over\n',
    ])
    expect(await isSame(place, 'here/film', 'files/c/film')).toBe(true)
    expect(await partsOf(place, 'here')).toEqual([])
  })

  test('with --no-resume starts over, and deletes what was received', async () => {
    await using disk = await killed()
    const { place } = disk
    const { code, stderr } = await place.run([...command, '--no-resume'])
    expect([code, stderr]).toEqual([0, ''])
    expect(await partsOf(place, 'here')).toEqual([])
    expect(await records(place)).toEqual([])
  })

  test('that another process takes over fails, and the file is complete', async () => {
    await using disk = await onDisk()
    const { place } = disk
    await distinctFile(place, 'files/c/film')
    await using first = place.start(command)
    await first.stopWhen('SIGSTOP', () => hasReceived(place, 'here', 8 * MiB))
    const second = await place.run(command)
    expect([second.code, second.stderr]).toEqual([0, expect.stringContaining('continuing at')])
    first.signal('SIGCONT')
    expect(await first.ended).toBe(3)
    expect(await isSame(place, 'here/film', 'files/c/film')).toBe(true)
    expect(await partsOf(place, 'here')).toEqual([])
  })
})

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) => {
  test('copies to a service and from it that were killed are continued', async () => {
    const settings = { storageAccount, storageAccessKey, endpoint }
    await using storage = new StorageService(new AzureProvider(settings))
    const container = `cli-${randomBytes(6).toString('hex')}`
    await storage.createContainer({ name: container })
    await using place = await Workplace.make({
      'datasources.json': JSON.stringify({ cloud: { provider: 'azure', ...settings, partSize: MiB } }),
      'here/a': '',
    })
    await distinctFile(place, 'film', 64 * MiB)
    const upload = ['cp', 'film', `cloud:${container}/film`]
    {
      await using running = place.start(upload)
      await running.killWhen(() => hasParts(storage, container, 4))
    }
    const uploaded = await place.run(upload)
    expect([uploaded.code, uploaded.stderr]).toEqual([0, expect.stringContaining('film: continuing at')])
    const download = ['cp', `cloud:${container}/film`, 'here/']
    {
      await using running = place.start(download)
      await running.killWhen(() => hasReceived(place, 'here', 4 * MiB))
    }
    const downloaded = await place.run(download)
    expect([downloaded.code, downloaded.stderr]).toEqual([0, expect.stringContaining('film: continuing at')])
    expect(await isSame(place, 'here/film', 'film')).toBe(true)
    await storage.destroyContainer(container)
  })
})
