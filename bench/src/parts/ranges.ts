import { link } from 'node:fs/promises'
import { join } from 'node:path'
import { Comparison, requestFigures } from '../comparison.ts'
import { GiB, MiB } from '../content.ts'
import { bareNode, expressStatic, nginx, stowage } from '../contestants.ts'
import { makeFile } from '../files.ts'
import type { Part } from '../part.ts'
import { takePlace } from '../place.ts'

export const ranges: Part = {
  name: 'ranges',
  about: 'ranges of 64 KiB and of 1 MiB from one large file over 8 connections',
  async run(settings) {
    const size = settings.long ? GiB : 64 * MiB
    await using place = await takePlace(size)
    const original = join(place.path, 'original')
    makeFile(original, size)
    const contestants = [stowage, expressStatic, nginx, bareNode]
    await using comparison = await Comparison.start(settings, place.path, contestants, (folder) =>
      link(original, join(folder, 'large.bin')),
    )
    const rows = []
    for (const length of [65_536, MiB]) {
      const done = await comparison.measure(
        `ranges of ${length / 1024} KiB, 8 connections`,
        ({ contestant: { download } }) =>
          download && {
            connections: 8,
            until: { milliseconds: settings.long ? 3000 : 500 },
            request: { method: 'GET', path: download('large.bin'), range: { size, length } },
            expected: { status: [206], bytes: length },
          },
        requestFigures,
      )
      rows.push(...done)
    }
    return { rows, goals: [] }
  },
}
