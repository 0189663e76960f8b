import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Part, Row, Settings } from '../part.ts'
import { median } from '../statistics.ts'

const run = promisify(execFile)
const workspace = fileURLToPath(new URL('../../..', import.meta.url))

/** What the author of a provider waits for: the whole suite, with its runner. */
export const conformance: Part = {
  name: 'conformance',
  about: 'run time of the whole conformance suite, in memory and on files',
  longOnly: true,
  async run(settings) {
    const rows: Row[] = []
    for (const provider of ['memory', 'fs']) rows.push(await measure(`provider-${provider}`, settings))
    return { rows, goals: [] }
  },
}

async function measure(name: string, { rounds, say }: Settings): Promise<Row> {
  const wall: number[] = []
  const processor: number[] = []
  for (let round = 0; round < rounds; round++) {
    say(`the suite of ${name}`)
    const suite = ['vitest', 'run', '--project', `@stowage/${name}`, 'test/conformance.test.ts']
    // The shell's `time` gets the cost of a command and its children from the kernel.
    const script = 'TIMEFORMAT="%R %U %S"; time "$@"'
    const { stderr } = await run('/bin/bash', ['-c', script, 'bash', ...suite], {
      cwd: workspace,
      env: { ...process.env, LC_ALL: 'C' },
      maxBuffer: 64 * 1024 * 1024,
    })
    const [real = Number.NaN, user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
    wall.push(real)
    processor.push((user + system) * 1000)
  }
  const figures = { 'wall s': median(wall), 'CPU ms': median(processor) }
  return { work: 'the conformance suite', name, rounds, figures }
}
