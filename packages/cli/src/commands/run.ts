/**
 * The command line as a whole.
 */

import { exitCodeOf, exitCodes } from '../failures/exit-codes.js'
import { describeFailure, Interruption, messageOf, PartialFailure, UsageFailure } from '../failures/failures.js'
import { flowed } from '../terminal/help.js'
import { printable } from '../terminal/terminal.js'
import { version } from '../version.js'
import { cat } from './cat.js'
import type { Command, Session } from './command.js'
import { cp } from './cp.js'
import { datasource } from './datasource.js'
import { ls } from './ls.js'
import { rm } from './rm.js'

const commands: readonly Command[] = [datasource, ls, cp, cat, rm]

const help = flowed(`Usage: stowage <command> [arguments]

Containers and files in the data sources of a datasources.json.

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

stowage <command> --help tells more of each; stowage --version tells the version.

A file in a data source is written name:container/file. What has no colon, or a slash before it, is a file on this machine;
"-" is the standard input or output. There are no wildcards: a file's name may hold any character. "--" ends the options.

Ends with:
  0    all was done
  2    wrong arguments, names or settings
  3    no such data source, container, file or directory
  4    credentials refused, or not allowed to do this
  5    it exists already, or something stands in the way
  6    the service was not reached, failed, or took too long
  1    anything else
  130  Ctrl-C`)

/** Runs what the arguments say, tells of its failure, and gives the number to end with. Never rejects. */
export async function run(argv: readonly string[], session: Omit<Session, 'json' | 'datasources'>): Promise<number> {
  const { terminal, signal } = session
  try {
    await dispatch(argv, session)
    return exitCodes.done
  } catch (caught) {
    // Whatever fails after an interruption fails because of it.
    const error: unknown = signal.aborted ? signal.reason : caught
    const exitCode = exitCodeOf(error)
    terminal.clearLine()
    if (error instanceof Interruption || error instanceof PartialFailure) return exitCode
    if (argv.includes('--json')) terminal.sayJson({ error: describeFailure(error, exitCode) })
    else terminal.say(`${terminal.styledMessage('red', 'stowage:')} ${printable(messageOf(error))}`)
    return exitCode
  }
}

async function dispatch(argv: readonly string[], session: Omit<Session, 'json' | 'datasources'>): Promise<void> {
  const [name, ...rest] = argv
  if (name === '--version') return session.terminal.print(version)
  if (name === '--help' || name === '-h' || name === 'help') return session.terminal.print(help)
  if (name === undefined) throw new UsageFailure('say what to do; see: stowage --help')
  const command = commands.find((each) => each.name === name)
  if (command === undefined) throw new UsageFailure(`there is no command ${JSON.stringify(name)}; see: stowage --help`)
  await command.execute(rest, session)
}
