import { mkdirSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Comparison, heavyRequestFigures } from '../comparison.ts'
import { bareNode, type Contestant, loopback, nginx, stowage } from '../contestants.ts'
import { makeFiles } from '../files.ts'
import type { Part, Row } from '../part.ts'
import { takePlace } from '../place.ts'

const count = 100_000

export const list: Part = {
  name: 'list',
  about: 'a list of 100,000 files, by page and whole',
  async run(settings) {
    await using place = await takePlace(count * 8192)
    const shared = join(place.path, 'shared')
    mkdirSync(join(shared, 'bench'), { recursive: true })
    settings.say(`making ${count} files`)
    makeFiles(join(shared, 'bench'), count, 16)
    // All serve the same tree, so that it is there once.
    const contestants = [stowage, bareNode, nginx, loopback].map(
      (contestant): Contestant => ({
        ...contestant,
        launch: async (root) => contestant.launch(await sharedRoot(root)),
      }),
    )
    async function sharedRoot(root: string): Promise<string> {
      await symlink(shared, `${root}-shared`)
      return `${root}-shared`
    }
    await using comparison = await Comparison.start(settings, place.path, contestants)
    const request = (path: string | undefined, requests: number) =>
      path === undefined
        ? undefined
        : {
            connections: 1,
            until: { requests },
            request: { method: 'GET' as const, path },
            expected: { status: [200] },
          }
    const works = {
      cold: 'the first page of 1,000, cold',
      middle: 'a page of 1,000 in the middle',
      whole: 'the whole list of 100,000',
    }
    // The server has not cached the directory yet, so there is only one such run.
    const cold = await comparison.measure(
      works.cold,
      ({ contestant }) => request(contestant.page, 1),
      heavyRequestFigures,
      {
        warmUp: false,
        rounds: 1,
      },
    )
    const middle = await comparison.measure(
      works.middle,
      ({ contestant: { page } }) => request(page && `${page}&startAfter=file-050000.bin`, 10),
      heavyRequestFigures,
    )
    const whole = await comparison.measure(
      works.whole,
      ({ contestant }) => request(contestant.list, 1),
      heavyRequestFigures,
      { warmUp: false },
    )
    const ours = (rows: readonly Row[]) => rows.find(({ name }) => name === 'Stowage')?.figures
    return {
      rows: [...cold, ...middle, ...whole],
      goals: [
        { text: `${works.cold}: ms`, value: ours(cold)?.['p50 ms'], atMost: 100 },
        { text: `${works.middle}: ms`, value: ours(middle)?.['p50 ms'], atMost: 100 },
        { text: `${works.whole}: ms`, value: ours(whole)?.['p50 ms'], atMost: 1000 },
        { text: `${works.whole}: MiB above idle`, value: ours(whole)?.['above idle MiB'], atMost: 50 },
      ],
    }
  },
}
