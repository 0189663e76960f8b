import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Comparison, requestFigures } from '../comparison.ts'
import { bareNode, expressStatic, loopback, multer, nginx, stowage, tus } from '../contestants.ts'
import { makeFiles } from '../files.ts'
import { type Part, ratio } from '../part.ts'
import { takePlace } from '../place.ts'

const size = 1024
const connections = 32

export const smallDownloads: Part = {
  name: 'small-download',
  about: '1 KiB files down over 32 connections',
  async run(settings) {
    await using place = await takePlace(0)
    const contestants = [stowage, expressStatic, nginx, bareNode, loopback]
    await using comparison = await Comparison.start(settings, place.path, contestants, async (folder) =>
      makeFiles(folder, 1, size),
    )
    const work = '1 KiB down, 32 connections'
    const rows = await comparison.measure(
      work,
      ({ contestant: { download } }) =>
        download && {
          connections,
          until: { milliseconds: settings.long ? 3000 : 700 },
          request: { method: 'GET', path: download('file-000000.bin') },
          expected: { status: [200], bytes: size },
        },
      requestFigures,
    )
    return {
      rows,
      goals: [
        {
          text: `${work}: requests/s to those of express.static`,
          value: ratio(rows, work, 'requests/s', 'Stowage', 'express.static'),
          atLeast: 2,
        },
        {
          text: `${work}: requests per CPU second to those of express.static`,
          value: ratio(rows, work, 'CPU µs/request', 'express.static', 'Stowage'),
          atLeast: 2,
        },
      ],
    }
  },
}

/** Names of the requests of one round, after those of the rounds before. */
const numbersOfRound = 1_000_000

export const smallUploads: Part = {
  name: 'small-upload',
  about: '1 KiB files up over 32 connections, in forms and raw',
  async run(settings) {
    await using place = await takePlace(0)
    await using comparison = await Comparison.start(settings, place.path, [
      stowage,
      multer,
      loopback,
      nginx,
      tus,
      bareNode,
    ])
    const kinds = ['formUpload', 'rawUpload'] as const
    const works = { formUpload: '1 KiB up in a form, 32 connections', rawUpload: '1 KiB up raw, 32 connections' }
    const rows = []
    for (const kind of kinds) {
      const done = await comparison.measure(
        works[kind],
        ({ contestant }, round) => {
          const request = contestant[kind]?.('file-{n}.bin', size)
          return (
            request && {
              connections,
              until: { milliseconds: settings.long ? 3000 : 700 },
              request,
              firstNumber: (round + 1) * numbersOfRound,
              expected: { status: [200, 201, 204] },
            }
          )
        },
        requestFigures,
        {
          settle: async ({ folder }, { requests }) => {
            const names = readdirSync(folder)
            if (names.length < requests) throw new Error(`${names.length} files of ${requests} were stored`)
            for (const name of names) rmSync(join(folder, name))
          },
        },
      )
      rows.push(...done)
    }
    return {
      rows,
      goals: [
        {
          text: `${works.formUpload}: requests/s to those of multer`,
          value: ratio(rows, works.formUpload, 'requests/s', 'Stowage', 'multer'),
          atLeast: 1.5,
        },
        {
          text: `${works.formUpload}: requests per CPU second to those of multer`,
          value: ratio(rows, works.formUpload, 'CPU µs/request', 'multer', 'Stowage'),
          atLeast: 1.5,
        },
      ],
    }
  },
}
