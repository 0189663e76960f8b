/**
 * Commands. Options are data, from which help and argument parsing are made.
 */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { defined } from '@stowage/core/provider'
import { UsageFailure } from '../failures/failures.js'
import { flowed } from '../terminal/help.js'
import type { Terminal } from '../terminal/terminal.js'

interface OptionDefinition {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** The option's value in the help, such as `<file>`. */
  readonly value?: string
  readonly description: string
  /** Shown as `--no-…`, because the option is on by default. */
  readonly negative?: boolean
}

export type OptionTable = Readonly<Record<string, OptionDefinition>>

type ValueOf<Definition extends OptionDefinition> = Definition extends { readonly type: 'boolean' }
  ? boolean
  : Definition extends { readonly multiple: true }
    ? string[]
    : string

export type Given<Options extends OptionTable> = { readonly [Name in keyof Options]?: ValueOf<Options[Name]> }

/** The options of every command. */
const commonOptions = {
  datasources: {
    type: 'string',
    value: '<file>',
    description:
      'file of the data sources; default: datasources.json or server/datasources.json here, or in a parent directory up to the project',
  },
  json: { type: 'boolean', description: 'print one line of JSON per item, errors included' },
  help: { type: 'boolean', short: 'h', description: 'show this help' },
} as const satisfies OptionTable

/** The surroundings of a command. */
export interface Session {
  readonly terminal: Terminal
  /** The working directory. */
  readonly directory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C, with an `Interruption` as its reason. */
  readonly signal: AbortSignal
  readonly json: boolean
  /** The option `--datasources`. */
  readonly datasources: string | undefined
}

export interface Command {
  readonly name: string
  readonly summary: string
  readonly help: string
  execute(argv: readonly string[], session: Omit<Session, 'json' | 'datasources'>): Promise<void>
}

interface CommandDefinition<Options extends OptionTable> {
  readonly name: string
  /** The arguments in the usage line. */
  readonly usage: string
  readonly summary: string
  readonly details: string
  readonly options: Options
  run(options: Given<Options>, operands: readonly string[], session: Session): Promise<void>
}

export function defineCommand<const Options extends OptionTable>(definition: CommandDefinition<Options>): Command {
  const { name, summary } = definition
  const table = { ...definition.options, ...commonOptions }
  const help = helpOf(definition, table)
  return {
    name,
    summary,
    help,
    execute: async (argv, surroundings) => {
      const { values, positionals } = parse(name, table, argv)
      const { help: helpAsked, json = false, datasources } = values as Given<typeof commonOptions>
      if (helpAsked === true) {
        await surroundings.terminal.print(help)
        return
      }
      await definition.run(values as Given<Options>, positionals, { ...surroundings, json, datasources })
    },
  }
}

function parse(name: string, table: OptionTable, argv: readonly string[]) {
  const options: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(table).map(([option, { type, short, multiple = false }]) => [
      option,
      defined({ type, multiple, short }),
    ]),
  )
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, allowNegative: true, strict: true })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageFailure(`${error.message.split('. ')[0]}; see: stowage ${name} --help`)
  }
}

function helpOf({ name, usage, summary, details }: CommandDefinition<OptionTable>, table: OptionTable): string {
  const rows = Object.entries(table).map(([option, { short, value, negative, description }]) => {
    const long = `--${negative === true ? 'no-' : ''}${option}${value === undefined ? '' : ` ${value}`}`
    return [`${short === undefined ? '    ' : `-${short}, `}${long}`, description] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
  const text = details.replaceAll(/^\n|\s+$/g, '')
  return flowed(`Usage: stowage ${name} ${usage}\n\n${summary}.\n\n${text}\n\nOptions:\n${lines.join('\n')}`)
}
