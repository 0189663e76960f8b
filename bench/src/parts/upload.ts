import { Comparison, transferFigures } from '../comparison.ts'
import { GiB, MiB } from '../content.ts'
import { bareNode, type Contestant, loopback, multer, nginx, stowage, tus } from '../contestants.ts'
import { checkUploaded } from '../files.ts'
import type { RequestTemplate } from '../load/order.ts'
import { type Part, type Row, ratio, type Settings } from '../part.ts'
import { takePlace } from '../place.ts'

const sizeOf = ({ long }: Settings) => (long ? GiB : 256 * MiB)

async function compareUploads(
  settings: Settings,
  work: string,
  contestants: readonly Contestant[],
  request: (contestant: Contestant, size: number) => RequestTemplate | undefined,
): Promise<Row[]> {
  const size = sizeOf(settings)
  await using place = await takePlace(2 * size)
  await using comparison = await Comparison.start(settings, place.path, contestants)
  return await comparison.measure(
    work,
    ({ contestant }) => {
      const template = request(contestant, size)
      return template && { connections: 1, until: { requests: 1 }, request: template, expected: { status: stored } }
    },
    transferFigures,
    { settle: async ({ folder }) => checkUploaded(folder, 1, size) },
  )
}

const stored = [200, 201, 204]

export const rawUpload: Part = {
  name: 'upload-raw',
  about: 'one large file up as the body of a request',
  async run(settings) {
    const work = `raw upload of ${sizeOf(settings) / MiB} MiB`
    const rows = await compareUploads(settings, work, [stowage, nginx, tus, bareNode], ({ rawUpload }, size) =>
      rawUpload?.('large.bin', size),
    )
    const value = ratio(rows, work, 'CPU s/GiB', 'Stowage', 'bare Node')
    return { rows, goals: [{ text: `${work}: CPU to that of the bare Node server`, value, atMost: 1.2 }] }
  },
}

export const formUpload: Part = {
  name: 'upload-form',
  about: 'one large file up in a form',
  async run(settings) {
    const work = `form upload of ${sizeOf(settings) / MiB} MiB`
    const rows = await compareUploads(settings, work, [stowage, multer, loopback], ({ formUpload }, size) =>
      formUpload?.('large.bin', size),
    )
    const value = ratio(rows, work, 'CPU s/GiB', 'Stowage', 'multer')
    return { rows, goals: [{ text: `${work}: CPU to that of multer`, value, atMost: 0.6 }] }
  },
}
