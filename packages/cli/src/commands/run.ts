/**
 * The command line: finds the command, runs it and reports its failure.
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

Manages containers and files in the data sources of a datasources.json.

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

stowage <command> --help shows the help of a command; stowage --version shows the version.

A file in a data source is written name:container/file. An argument without a colon, or with a slash before it, is a local
file; "-" is standard input or output. There are no wildcards, because a file name may contain any character. "--" ends the
options.

Exit codes:
  0    success
  1    any other error, several failures of different kinds, or a declined question
  2    wrong arguments, names or settings
  3    data source, container, file or directory not found
  4    credentials rejected, or permission denied
  5    already exists, or conflicts with another file or version
  6    the service was unreachable, failed, or timed out
  129  SIGHUP
  130  Ctrl-C
  141  the reader of the output closed it
  143  SIGTERM`)

/** Runs a command, reports its failure and returns the exit code. Never rejects. */
export async function run(argv: readonly string[], session: Omit<Session, 'json' | 'datasources'>): Promise<number> {
  const { terminal, signal } = session
  try {
    await dispatch(argv, session)
    return exitCodes.done
  } catch (caught) {
    // After an interruption, it is the cause of every failure.
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
  if (name === undefined) throw new UsageFailure('no command; see: stowage --help')
  const command = commands.find((each) => each.name === name)
  if (command === undefined) throw new UsageFailure(`unknown command ${JSON.stringify(name)}; see: stowage --help`)
  await command.execute(rest, session)
}
