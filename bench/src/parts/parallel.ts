import { Comparison, transferFigures } from '../comparison.ts'
import { MiB } from '../content.ts'
import { multer, nginx, stowage } from '../contestants.ts'
import { checkUploaded } from '../files.ts'
import type { Goal, Part, Row, Settings } from '../part.ts'
import { takePlace } from '../place.ts'

interface Crowd {
  readonly uploads: number
  readonly size: number
}

const short: readonly Crowd[] = [{ uploads: 100, size: 10 * MiB }]
const long: readonly Crowd[] = [
  { uploads: 200, size: 20 * MiB },
  { uploads: 100, size: 100 * MiB },
]

/** MiB above idle that a Stowage server may use, for any number of concurrent uploads. */
const limit = 150

export const parallel: Part = {
  name: 'parallel',
  about: 'many uploads at the same time: memory',
  async run(settings) {
    const rows: Row[] = []
    const goals: Goal[] = []
    for (const crowd of settings.long ? long : short) {
      const done = await compareCrowd(settings, crowd)
      rows.push(...done)
      for (const { name, work, figures } of done) {
        if (name === 'Stowage')
          goals.push({ text: `${work}: MiB above idle`, value: figures['above idle MiB'], atMost: limit })
      }
    }
    return { rows, goals }
  },
}

async function compareCrowd(settings: Settings, { uploads, size }: Crowd): Promise<Row[]> {
  await using place = await takePlace(uploads * size)
  const rows: Row[] = []
  for (const kind of ['formUpload', 'rawUpload'] as const) {
    // Fresh servers: the peak is that of this work only.
    const contestants = [stowage, multer, nginx].filter((contestant) => contestant[kind] !== undefined)
    await using comparison = await Comparison.start(settings, place.path, contestants)
    const work = `${uploads} parallel ${kind === 'formUpload' ? 'form' : 'raw'} uploads of ${size / MiB} MiB`
    const done = await comparison.measure(
      work,
      ({ contestant }) => {
        const request = contestant[kind]?.('file-{n}.bin', size)
        return (
          request && {
            connections: uploads,
            until: { requests: uploads },
            request,
            expected: { status: [200, 201, 204] },
          }
        )
      },
      transferFigures,
      { warmUp: false, rounds: 1, settle: async ({ folder }) => checkUploaded(folder, uploads, size) },
    )
    rows.push(...done)
  }
  return rows
}
