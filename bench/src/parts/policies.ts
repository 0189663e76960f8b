import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Comparison, requestFigures, transferFigures } from '../comparison.ts'
import { GiB, MiB } from '../content.ts'
import { stowage, withPolicy } from '../contestants.ts'
import type { RequestTemplate } from '../load/order.ts'
import { type Figures, type Goal, type Part, type Row, ratio } from '../part.ts'
import { takePlace } from '../place.ts'

const types = ['application/pdf', 'image/png']
const sizeAndTypes = withPolicy('sizes and types', { maxSize: 100 * GiB, types })
const agree = withPolicy('content agrees', { maxSize: 100 * GiB, types, content: 'agree' })
const contestants = [stowage, sizeAndTypes, agree]

/** A file that begins as a PDF does. */
const pdf = (file: string, size: number): RequestTemplate => ({
  method: 'PUT',
  path: `/api/containers/bench/files/${file}`,
  headers: { 'Content-Type': 'application/pdf' },
  body: { prefix: '%PDF-1.7\n', size },
})

const smallSize = 1024
const connections = 32
/** Names of the requests of one round, after those of the rounds before. */
const numbersOfRound = 1_000_000

export const policies: Part = {
  name: 'upload-policy',
  about: 'a large file and small ones, under upload policies',
  async run(settings) {
    const size = settings.long ? GiB : 256 * MiB
    await using place = await takePlace(contestants.length * size)
    await using comparison = await Comparison.start(settings, place.path, contestants)
    const settle = async ({ folder }: { readonly folder: string }) => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name))
    }
    const large = `PDF of ${size / MiB} MiB up raw`
    const small = `PDF of 1 KiB up raw, ${connections} connections`
    const rows = [
      ...(await comparison.measure(
        large,
        () => ({
          connections: 1,
          until: { requests: 1 },
          request: pdf('large.pdf', size),
          expected: { status: [200, 201] },
        }),
        transferFigures,
        { settle },
      )),
      ...(await comparison.measure(
        small,
        (_running, round) => ({
          connections,
          until: { milliseconds: settings.long ? 3000 : 700 },
          request: pdf('file-{n}.pdf', smallSize),
          firstNumber: (round + 1) * numbersOfRound,
          expected: { status: [201] },
        }),
        requestFigures,
        { settle },
      )),
    ]
    return { rows, goals: goals(rows, large, small) }
  },
}

function goals(rows: readonly Row[], large: string, small: string): Goal[] {
  const costOf = (figure: keyof Figures, work: string, name: string) =>
    rows.find((row) => row.work === work && row.name === name)?.figures[figure]
  const added = (name: string) => {
    const [value, base] = [costOf('CPU µs/request', small, name), costOf('CPU µs/request', small, stowage.name)]
    return value === undefined || base === undefined ? undefined : value - base
  }
  return [
    {
      text: `${large}: CPU with content that agrees, to that without a policy`,
      value: ratio(rows, large, 'CPU s/GiB', agree.name, stowage.name),
      atMost: 1.03,
    },
    { text: `${small}: CPU µs that content that agrees adds to a request`, value: added(agree.name), atMost: 5 },
  ]
}
