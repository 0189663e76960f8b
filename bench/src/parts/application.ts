import { rmSync } from 'node:fs'
import { link, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Comparison, requestFigures, type Step, transferFigures } from '../comparison.ts'
import { GiB, MiB } from '../content.ts'
import { application, bareNode, demo, nginx, peersInApplication, stowage } from '../contestants.ts'
import { checkUploaded, makeFile, makeFiles } from '../files.ts'
import type { Client } from '../load/order.ts'
import { type Goal, type Part, type Row, ratio, type Settings } from '../part.ts'
import { findProgram } from '../peers.ts'
import { takePlace } from '../place.ts'

const smallSize = 1024
const connections = 32
const large = 'large.bin'
const small = 'file-000000.bin'
const uploaded = 'uploaded.bin'

/** Names of the requests of one step, after those of the steps before. */
const numbersOfStep = 1_000_000

/** MiB that the demo's process may take. */
const memoryLimit = 200

export const applications: Part = {
  name: 'application',
  about: 'the demo, and an application with middlewares: large and small files in a mixed order',
  async run(settings) {
    const size = settings.long ? GiB : 256 * MiB
    await using place = await takePlace(2 * size)
    const contentFile = join(place.path, 'original')
    makeFile(contentFile, size)
    const contestants = [demo, application, peersInApplication, stowage, bareNode, nginx]
    await using comparison = await Comparison.start(settings, place.path, contestants, async (folder) => {
      await link(contentFile, join(folder, large))
      makeFiles(folder, 1, smallSize)
    })
    const { small: few, large: many } = await clients()
    const steps = [
      ...few.map((client) => smallDownload(settings, client)),
      ...few.map((client, index) => smallForms(settings, client, index)),
      ...many.map((client) => download(size, client)),
      ...kinds.flatMap((kind) => many.map((client) => upload(kind, size, contentFile, client))),
    ]
    const rows = await comparison.measureMixed(steps)
    return { rows, goals: [...few.flatMap((client) => smallGoals(rows, client)), ...largeGoals(rows, size, many)] }
  },
}

/** The clients to be had, for small requests and for large bodies. */
async function clients() {
  const small: Client[] = ['generator']
  const large: Client[] = ['generator', 'undici']
  if ((await findProgram('wrk')) !== undefined) small.push('wrk')
  if ((await findProgram('curl')) !== undefined) large.push('curl')
  return { small, large }
}

const smallDownloadTitle = (client: Client) => `1 KiB down, ${connections} connections, ${client}`
const smallFormTitle = (client: Client) => `1 KiB up in a form, ${connections} connections, ${client}`
const downloadTitle = (size: number, client: Client) => `download of ${size / MiB} MiB, ${client}`
const uploadTitle = (kind: UploadKind, size: number, client: Client) =>
  `${kind === 'formUpload' ? 'form' : 'raw'} upload of ${size / MiB} MiB, ${client}`

const kinds = ['formUpload', 'rawUpload'] as const
type UploadKind = (typeof kinds)[number]

const period = ({ long }: Settings) => ({ milliseconds: long ? 3000 : 1000 })

const smallDownload = (settings: Settings, client: Client): Step => ({
  title: smallDownloadTitle(client),
  work: ({ contestant }) =>
    contestant.download && {
      client,
      connections,
      until: period(settings),
      request: { method: 'GET', path: contestant.download(small) },
      expected: { status: [200], bytes: smallSize },
    },
  figures: requestFigures,
})

const smallForms = (settings: Settings, client: Client, index: number): Step => ({
  title: smallFormTitle(client),
  work: ({ contestant }, round) => {
    const request = contestant.formUpload?.('new-{n}.bin', smallSize)
    const firstNumber = (2 * (round + 1) + index + 1) * numbersOfStep
    return (
      request && { client, connections, until: period(settings), request, firstNumber, expected: { status: [200] } }
    )
  },
  figures: requestFigures,
  settle: async ({ folder }, { requests }) => {
    const names = (await readdir(folder)).filter((name) => name.startsWith('new-'))
    // wrk leaves its last requests when its time is over. What they store is deleted in the next
    // round.
    if (names.length < requests) throw new Error(`${names.length} files of ${requests} were stored`)
    for (const name of names) rmSync(join(folder, name), { force: true })
  },
})

const download = (size: number, client: Client): Step => ({
  title: downloadTitle(size, client),
  work: ({ contestant }) =>
    contestant.download && {
      client,
      connections: 1,
      until: { requests: 1 },
      request: { method: 'GET', path: contestant.download(large) },
      expected: { status: [200], bytes: size },
    },
  figures: transferFigures,
})

const upload = (kind: UploadKind, size: number, contentFile: string, client: Client): Step => ({
  title: uploadTitle(kind, size, client),
  work: ({ contestant }) => {
    const request = contestant[kind]?.(uploaded, size)
    return (
      request && {
        client,
        contentFile,
        connections: 1,
        until: { requests: 1 },
        request,
        expected: { status: [200, 201, 204] },
      }
    )
  },
  figures: transferFigures,
  settle: async ({ folder }) => checkUploaded(folder, 1, size, (name) => name !== uploaded),
})

function smallGoals(rows: readonly Row[], client: Client): Goal[] {
  const [down, up] = [smallDownloadTitle(client), smallFormTitle(client)]
  const peers = peersInApplication.name
  return [
    {
      text: `${down}: requests/s of the application to those of express.static in it`,
      value: ratio(rows, down, 'requests/s', application.name, peers),
      atLeast: 2,
    },
    {
      text: `${up}: requests/s of the application to those of multer in it`,
      value: ratio(rows, up, 'requests/s', application.name, peers),
      atLeast: 1.5,
    },
    ...[down, up].map((work) => ({
      text: `${work}: CPU of the demo to that of the bare router`,
      value: ratio(rows, work, 'CPU µs/request', demo.name, stowage.name),
      atMost: 1.1,
    })),
  ]
}

function largeGoals(rows: readonly Row[], size: number, clientNames: readonly Client[]): Goal[] {
  const goals: Goal[] = []
  for (const client of clientNames) {
    const title = (kind: UploadKind) => uploadTitle(kind, size, client)
    for (const { name } of [demo, application]) {
      const add = (work: string, other: string, what: string, atMost: number) =>
        goals.push({
          text: `${work}: CPU of the ${name} to that of ${what}`,
          value: ratio(rows, work, 'CPU s/GiB', name, other),
          atMost,
        })
      const down = downloadTitle(size, client)
      add(down, peersInApplication.name, 'express.static in the application', 0.4)
      add(down, nginx.name, 'nginx', 4)
      add(title('formUpload'), peersInApplication.name, 'multer in the application', 0.6)
      add(title('rawUpload'), bareNode.name, 'bare Node', 1.2)
    }
  }
  const ofDemo = rows.filter(({ name }) => name === demo.name)
  const peaks = ofDemo.map(({ figures }) => figures['peak MiB'] ?? 0)
  return [...goals, { text: 'peak MiB of the demo', value: Math.max(...peaks), atMost: memoryLimit }]
}
