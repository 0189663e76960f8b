import { fork } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Comparison, requestFigures, transferFigures } from '../comparison.ts'
import { GiB, MiB } from '../content.ts'
import { withPolicies } from '../contestants.ts'
import type { LoadOrder, RequestTemplate } from '../load/order.ts'
import type { Goal, Part, Row } from '../part.ts'
import { takePlace } from '../place.ts'
import { uploadPolicies } from '../upload-policies.ts'

/** A file that begins as a PDF does, under the policy with this number. */
const pdf = (policy: number, file: string, size: number): RequestTemplate => ({
  method: 'PUT',
  path: `/${policy}/bench/files/${file}`,
  headers: { 'Content-Type': 'application/pdf' },
  body: { prefix: '%PDF-1.7\n', size },
})

const script = fileURLToPath(new URL('../servers/policy-cost.ts', import.meta.url))
const smallSize = 1024
const connections = 32
/** Names of the requests of one round, after those of the rounds before. */
const numbersOfRound = 1_000_000

export const policies: Part = {
  name: 'upload-policy',
  about: 'a large file and small ones, under upload policies',
  async run(settings) {
    const size = settings.long ? GiB : 256 * MiB
    await using place = await takePlace(size)
    await using comparison = await Comparison.start(settings, place.path, [withPolicies])
    const settle = async ({ folder }: { readonly folder: string }) => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name))
    }
    const names = Object.keys(uploadPolicies)
    const large = names.map((name, policy) => ({
      title: `PDF of ${size / MiB} MiB up raw: ${name}`,
      work: (): Omit<LoadOrder, 'port'> => ({
        connections: 1,
        until: { requests: 1 },
        request: pdf(policy, 'large.pdf', size),
        expected: { status: [200, 201] },
      }),
      figures: transferFigures,
      settle,
    }))
    const small = names.map((name, policy) => ({
      title: `PDF of 1 KiB up raw, ${connections} connections: ${name}`,
      work: (_: unknown, round: number): Omit<LoadOrder, 'port'> => ({
        connections,
        until: { milliseconds: settings.long ? 3000 : 700 },
        request: pdf(policy, 'file-{n}.pdf', smallSize),
        firstNumber: (round + 1) * numbersOfRound,
        expected: { status: [201] },
      }),
      figures: requestFigures,
      settle,
    }))
    const rows = [...(await comparison.measureMixed(large)), ...(await comparison.measureMixed(small))]
    settings.say('putFile over memory, one policy after the other')
    rows.push(...(await costs(settings.long ? 60 : 20)))
    return { rows, goals: goals(rows) }
  },
}

/** The same in one process, over memory: the figures that the goals are about. */
async function costs(rounds: number): Promise<readonly Row[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Row[]>()
  const child = fork(script, [String(rounds)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.once('message', (rows: readonly Row[]) => resolve(rows))
  child.once('exit', (code) => reject(new Error(`the process that measures policies ended with ${code}`)))
  return promise
}

function goals(rows: readonly Row[]): Goal[] {
  const costOf = (work: string, name: string) =>
    rows.find((row) => row.work.includes(work) && row.name === name)?.figures['µs/call'] ?? Number.NaN
  const added = (name: string) => costOf('1 KiB, memory', name) - costOf('1 KiB, memory', 'no policy')
  return [
    {
      text: 'putFile of 64 MiB: CPU with content that agrees, to that without a policy',
      value: costOf('64 MiB, memory', 'content agrees') / costOf('64 MiB, memory', 'no policy'),
      atMost: 1.03,
    },
    {
      text: 'putFile of 1 KiB: CPU µs that content that agrees adds',
      value: added('content agrees'),
      atMost: 5,
    },
  ]
}
