import { join } from 'node:path'
import { Comparison, transferFigures } from '../comparison.ts'
import { GiB } from '../content.ts'
import { nginx, stowage } from '../contestants.ts'
import { checkUploaded, makeFile } from '../files.ts'
import type { Goal, Part, Row } from '../part.ts'
import { takePlace } from '../place.ts'

const size = 5 * GiB
const limit = 150

export const large: Part = {
  name: 'large',
  about: '5 GiB up, raw and in a form, and down: memory',
  longOnly: true,
  async run(settings) {
    await using place = await takePlace(size)
    const rows: Row[] = []
    const once = { warmUp: false, rounds: 1 } as const
    // Fresh servers: the peak is that of this work only.
    for (const kind of ['formUpload', 'rawUpload'] as const) {
      await using comparison = await Comparison.start(settings, place.path, [stowage, nginx])
      const work = `${kind === 'formUpload' ? 'form' : 'raw'} upload of 5 GiB`
      const order = { connections: 1, until: { requests: 1 }, expected: { status: [200, 201, 204] } }
      const done = await comparison.measure(
        work,
        ({ contestant }) => {
          const request = contestant[kind]?.('large.bin', size)
          return request && { ...order, request }
        },
        transferFigures,
        { ...once, settle: async ({ folder }) => checkUploaded(folder, 1, size) },
      )
      rows.push(...done)
    }
    await using comparison = await Comparison.start(settings, place.path, [stowage])
    const down = await comparison.measure(
      'download of 5 GiB',
      ({ contestant: { download }, folder }) => {
        if (download === undefined) return undefined
        makeFile(join(folder, 'large.bin'), size)
        return {
          connections: 1,
          until: { requests: 1 },
          request: { method: 'GET', path: download('large.bin') },
          expected: { status: [200], bytes: size },
        }
      },
      transferFigures,
      once,
    )
    rows.push(...down)
    const goals = rows
      .filter(({ name }) => name === 'Stowage')
      .map(
        ({ work, figures }): Goal => ({
          text: `${work}: MiB above idle`,
          value: figures['above idle MiB'],
          atMost: limit,
        }),
      )
    return { rows, goals }
  },
}
