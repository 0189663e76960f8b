import { parseArgs } from 'node:util'
import type { Part } from './part.ts'
import { parts } from './parts.ts'

export interface Command {
  readonly parts: readonly Part[]
  readonly long: boolean
  readonly rounds: number
  readonly only: readonly string[]
  /** Where the results go as JSON. */
  readonly json: string | undefined
}

export const usage = `Measures Stowage side by side with its peers, in one run on this machine.

  pnpm bench [PART…] [--long] [--rounds N] [--only NAME]… [--json FILE]

  PART      the parts whose names begin so; without any, all of them
  --long    larger files, longer runs and more of them; else it takes about two minutes
  --rounds  interleaved runs of which the median is taken (3; 7 with --long)
  --only    Stowage and the contestants whose names hold this
  --json    writes the results into a file; "-" for the standard output, where they stand in place of the tables

Parts:
${parts.map(({ name, about, longOnly }) => `  ${name.padEnd(15)} ${about}${longOnly ? ' (with --long, or by name)' : ''}`).join('\n')}
`

/** Returns `undefined` if the usage has to be shown. Throws an error for invalid arguments. */
export function parseCommand(args: readonly string[]): Command | undefined {
  const { values, positionals } = parseArgs({
    args: args.filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      long: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const { long, json, only } = values
  const rounds = Number(values.rounds ?? (long ? 7 : 3))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1')
  return { parts: chosen(positionals, long), long, rounds, only, json }
}

function chosen(names: readonly string[], long: boolean): readonly Part[] {
  if (names.length === 0) return parts.filter(({ longOnly }) => long || longOnly !== true)
  for (const name of names) {
    if (!parts.some((part) => part.name.startsWith(name))) {
      throw new Error(`there is no part ${name}; there are ${parts.map((part) => part.name).join(', ')}`)
    }
  }
  return parts.filter((part) => names.some((name) => part.name.startsWith(name)))
}
