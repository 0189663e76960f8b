import { createStorage, type StorageService } from '@stowage/core'
import type { Client, Measurement } from '../clouds/client.ts'
import { azure, type Cloud, s3, swift } from '../clouds/clouds.ts'
import { atOnce, type Job, manyName } from '../clouds/job.ts'
import { bodyOf } from '../clouds/serve.ts'
import { content, GiB, MiB } from '../content.ts'
import { type Figures, type Goal, type Part, type Row, ratio, type Settings } from '../part.ts'
import { takePlace } from '../place.ts'
import { median } from '../statistics.ts'

const manyCount = 1000
const manySize = 4096
const listCount = 10_001
const shared = { large: 'bench-large', many: 'bench-many', list: 'bench-list' }

/** Containers that all clients read from, and one that each writes into. */
async function prepare(storage: StorageService, clients: readonly Client[], size: number): Promise<void> {
  for (const name of [...Object.values(shared), ...clients.map(containerOf)]) await storage.createContainer({ name })
  await storage.putFile(shared.large, 'large.bin', bodyOf(size))
  const small = content.subarray(0, manySize)
  await inParallel(manyCount, (index) => storage.putFile(shared.many, manyName(index), small))
  await inParallel(listCount, (index) => storage.putFile(shared.list, manyName(index), new Uint8Array()))
}

async function inParallel(count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await act(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

const containerOf = ({ name }: Client) => `bench-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '')}`

/** Looks at what a client has written, and removes it. */
async function settle(storage: StorageService, job: Job): Promise<void> {
  if (job.work !== 'up' && job.work !== 'upMany') return
  const files = await storage.getFiles(job.container)
  const sizes = files.map((file) => ('size' in file ? file.size : 0))
  const count = job.work === 'up' ? 1 : job.count
  if (sizes.length !== count || sizes.some((size) => size !== job.size)) {
    throw new Error(
      `${job.container} holds ${sizes.length} files and ${sizes.reduce((sum, size) => sum + size, 0)} bytes after ${job.work}`,
    )
  }
  await storage.removeFiles(
    job.container,
    files.map(({ name }) => name),
  )
}

function expected(job: Job): number {
  if (job.work === 'list') return job.count
  return 'count' in job ? job.count * job.size : job.size
}

type Work = {
  readonly title: string
  readonly job: (client: Client) => Job
  readonly figures: (runs: readonly Measurement[]) => Figures
}

function works(size: number): readonly Work[] {
  const large = `${size / MiB} MiB`
  return [
    {
      title: `${large} of unknown length up`,
      job: (client) => ({ work: 'up', container: containerOf(client), file: 'large.bin', size }),
      figures: (runs) => transfer(runs, size),
    },
    {
      title: `${large} down`,
      job: () => ({ work: 'down', container: shared.large, file: 'large.bin', size }),
      figures: (runs) => transfer(runs, size),
    },
    {
      title: `${manyCount} files of 4 KiB up`,
      job: (client) => ({ work: 'upMany', container: containerOf(client), count: manyCount, size: manySize }),
      figures: requests,
    },
    {
      title: `${manyCount} files of 4 KiB down`,
      job: () => ({ work: 'downMany', container: shared.many, count: manyCount, size: manySize }),
      figures: requests,
    },
    {
      title: `a list of ${listCount}`,
      job: () => ({ work: 'list', container: shared.list, count: listCount }),
      figures: lists,
    },
  ]
}

const medianOf = (runs: readonly Measurement[], of: (run: Measurement) => number) => median(runs.map(of))

const memory = (runs: readonly Measurement[]): Figures => ({
  'peak MiB': medianOf(runs, ({ peak }) => peak),
  'above idle MiB': medianOf(runs, ({ aboveIdle }) => aboveIdle),
})

const transfer = (runs: readonly Measurement[], size: number): Figures => ({
  'MiB/s': medianOf(runs, ({ seconds }) => size / MiB / seconds),
  'CPU s/GiB': medianOf(runs, ({ processor }) => processor / (size / GiB)),
  ...memory(runs),
})

const requests = (runs: readonly Measurement[]): Figures => ({
  'requests/s': medianOf(runs, ({ seconds }) => manyCount / seconds),
  'CPU µs/request': medianOf(runs, ({ processor }) => (processor * 1e6) / manyCount),
  ...memory(runs),
})

const lists = (runs: readonly Measurement[]): Figures => ({
  'wall s': medianOf(runs, ({ seconds }) => seconds),
  'CPU ms': medianOf(runs, ({ processor }) => processor * 1000),
  ...memory(runs),
})

async function compare(
  settings: Settings,
  start: () => Promise<Cloud>,
  goalsOf: (rows: readonly Row[], size: number) => Goal[],
) {
  const size = settings.long ? GiB : 256 * MiB
  await using place = await takePlace(64 * MiB)
  settings.say('starting the server')
  const cloud = await start()
  let clients: readonly Client[] = []
  try {
    const isWanted = (name: string) =>
      name === 'Stowage' ||
      settings.only.length === 0 ||
      settings.only.some((part) => name.toLowerCase().includes(part.toLowerCase()))
    await using storage = await createStorage(cloud.settings)
    clients = await cloud.clients(place.path, isWanted)
    settings.say('making the files to read')
    await prepare(storage, clients, size)
    const rows: Row[] = []
    const failed = new Set<Client>()
    for (const work of works(size)) rows.push(...(await takeTurns(settings, storage, clients, failed, work)))
    return { rows, goals: goalsOf(rows, size) }
  } finally {
    await Promise.all(clients.map((client) => client.stop()))
    await cloud.stop()
  }
}

/**
 * Clients take turns, round after round, after one that is not counted. A peer that fails is left
 * out from then on, and has no row.
 */
async function takeTurns(
  { rounds, say }: Settings,
  storage: StorageService,
  clients: readonly Client[],
  failed: Set<Client>,
  { title, job, figures }: Work,
): Promise<Row[]> {
  const runs = new Map<Client, Measurement[]>()
  for (let round = -1; round < rounds; round++) {
    for (const client of clients.filter((candidate) => !failed.has(candidate))) {
      const order = job(client)
      if (!client.can(order.work)) continue
      if (round === 0) say(`${title}: ${client.name}`)
      try {
        const run = await client.run(order)
        if (run.moved !== expected(order)) throw new Error(`it has moved ${run.moved} of ${expected(order)}`)
        await settle(storage, order)
        if (round >= 0) runs.set(client, [...(runs.get(client) ?? []), run])
      } catch (error) {
        if (client.name === 'Stowage') throw error
        say(`${title}: ${client.name} is left out from here on: ${error instanceof Error ? error.message : error}`)
        failed.add(client)
        runs.delete(client)
      }
    }
  }
  return Array.from(runs, ([client, done]) => ({
    work: title,
    name: client.name,
    rounds: done.length,
    figures: figures(done),
  }))
}

/** Speed to the best of these, and memory to that of one. */
function speedGoals(rows: readonly Row[], peers: readonly string[], atLeast: number): Goal[] {
  const titles = [...new Set(rows.map(({ work }) => work))]
  return titles.flatMap((work) => {
    const figure = work.includes('4 KiB') ? 'requests/s' : work.includes('list') ? undefined : 'MiB/s'
    if (figure === undefined) return []
    const values = peers.flatMap((peer) => ratio(rows, work, figure, 'Stowage', peer) ?? [])
    return [
      {
        text: `${work}: speed to that of ${peers.join(', ')}`,
        value: values.length === 0 ? undefined : Math.min(...values),
        atLeast,
      },
    ]
  })
}

const onLarge = (rows: readonly Row[]) => rows.filter(({ work }) => !work.includes('4 KiB'))

export const s3Cloud: Part = {
  name: 's3',
  about: 'as a client of Amazon S3: on Ceph',
  longOnly: true,
  run: (settings) =>
    compare(settings, s3, (rows, size) => [
      ...speedGoals(rows, ['@aws-sdk/lib-storage', '@aws-sdk/client-s3', 'flydrive', 'flystorage'], 1),
      ...speedGoals(onLarge(rows), ['rclone'], 0.9),
      {
        text: 'memory above idle of the upload to that of lib-storage',
        value: ratio(
          rows,
          `${size / MiB} MiB of unknown length up`,
          'above idle MiB',
          'Stowage',
          '@aws-sdk/lib-storage',
        ),
        atMost: 0.5,
      },
    ]),
}

export const azureCloud: Part = {
  name: 'azure',
  about: 'as a client of Azure Blob Storage: on Azurite',
  longOnly: true,
  run: (settings) =>
    compare(settings, azure, (rows) => [
      ...speedGoals(rows, ['@azure/storage-blob'], 1),
      ...speedGoals(onLarge(rows), ['rclone'], 0.9),
    ]),
}

export const swiftCloud: Part = {
  name: 'swift',
  about: 'as a client of OpenStack: on Swift with Keystone',
  longOnly: true,
  run: (settings) =>
    compare(settings, swift, (rows) => [
      ...speedGoals(rows, ['pkgcloud'], 1),
      ...speedGoals(onLarge(rows), ['rclone'], 0.9),
      ...speedGoals(onLarge(rows), ['curl'], 0.9),
    ]),
}
