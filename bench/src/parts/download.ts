import { link } from 'node:fs/promises'
import { join } from 'node:path'
import { Comparison, transferFigures } from '../comparison.ts'
import { GiB, MiB } from '../content.ts'
import { bareNode, expressStatic, loopback, nginx, stowage } from '../contestants.ts'
import { makeFile } from '../files.ts'
import { type Part, ratio } from '../part.ts'
import { takePlace } from '../place.ts'

export const download: Part = {
  name: 'download',
  about: 'one large file down over one connection',
  async run(settings) {
    const size = settings.long ? GiB : 256 * MiB
    await using place = await takePlace(size)
    const original = join(place.path, 'original')
    makeFile(original, size)
    const contestants = [stowage, expressStatic, nginx, bareNode, loopback]
    await using comparison = await Comparison.start(settings, place.path, contestants, (folder) =>
      link(original, join(folder, 'large.bin')),
    )
    const work = `download of ${size / MiB} MiB`
    const rows = await comparison.measure(
      work,
      ({ contestant: { download } }) =>
        download && {
          connections: 1,
          until: { requests: 1 },
          request: { method: 'GET', path: download('large.bin') },
          expected: { status: [200], bytes: size },
        },
      transferFigures,
    )
    const cpu = (other: string) => ratio(rows, work, 'CPU s/GiB', 'Stowage', other)
    return {
      rows,
      goals: [
        { text: `${work}: CPU to that of nginx`, value: cpu('nginx'), atMost: 2 },
        { text: `${work}: CPU to that of express.static`, value: cpu('express.static'), atMost: 0.5 },
      ],
    }
  },
}
