import { link, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Comparison, requestFigures, transferFigures } from '../comparison.ts'
import { GiB, MiB } from '../content.ts'
import { handler, handlerOnBun, handlerOnDeno, stowage } from '../contestants.ts'
import { makeFile, makeFiles } from '../files.ts'
import type { Part } from '../part.ts'
import { takePlace } from '../place.ts'

const smallBytes = 1024

export const handlers: Part = {
  name: 'handler',
  about: 'the handler for web-standard requests on Node, Bun and Deno, and the router',
  async run(settings) {
    const size = settings.long ? GiB : 256 * MiB
    await using place = await takePlace(size * 6)
    const original = join(place.path, 'original')
    makeFile(original, size)
    const contestants = [stowage, handler, handlerOnBun, handlerOnDeno]
    await using comparison = await Comparison.start(settings, place.path, contestants, async (folder) => {
      makeFiles(folder, 1, smallBytes)
      await link(original, join(folder, 'large.bin'))
    })
    const rows = await comparison.measureMixed([
      {
        title: `download of ${size / MiB} MiB`,
        work: ({ contestant: { download } }) =>
          download && {
            connections: 1,
            until: { requests: 1 },
            request: { method: 'GET', path: download('large.bin') },
            expected: { status: [200], bytes: size },
          },
        figures: transferFigures,
      },
      ...(['rawUpload', 'formUpload'] as const).map((kind) => ({
        title: `${kind === 'rawUpload' ? 'raw' : 'form'} upload of ${size / MiB} MiB`,
        work: ({ contestant }: { readonly contestant: typeof stowage }) => {
          const request = contestant[kind]?.('uploaded.bin', size)
          return request && { connections: 1, until: { requests: 1 }, request, expected: { status: [200, 201] } }
        },
        figures: transferFigures,
        settle: ({ folder }: { readonly folder: string }) => rm(join(folder, 'uploaded.bin')),
      })),
      {
        title: '1 KiB down, 32 connections',
        work: ({ contestant: { download } }) =>
          download && {
            connections: 32,
            until: { milliseconds: settings.long ? 3000 : 700 },
            request: { method: 'GET', path: download('file-000000.bin') },
            expected: { status: [200], bytes: smallBytes },
          },
        figures: requestFigures,
      },
      {
        title: '1 KiB up raw, 32 connections',
        work: ({ contestant }, round) => {
          const request = contestant.rawUpload?.('up-{n}.bin', smallBytes)
          const firstNumber = (round + 1) * 1_000_000
          const until = { milliseconds: settings.long ? 3000 : 700 }
          return request && { connections: 32, until, request, firstNumber, expected: { status: [200, 201] } }
        },
        figures: requestFigures,
        settle: async ({ folder }) => {
          const names = (await readdir(folder)).filter((name) => name.startsWith('up-'))
          await Promise.all(names.map((name) => rm(join(folder, name))))
        },
      },
    ])
    return { rows, goals: [] }
  },
}
