/**
 * @stowage/cli: the program `stowage`, which `bin/stowage.cjs` starts where Node is new enough.
 *
 * - `run.ts`: the commands together. `command.ts`, `help.ts`: what a command is. `datasource.ts`, `ls.ts`, `cp.ts`, `cat.ts`, `rm.ts`: one each.
 * - `providers.ts`: what each provider is asked for, as data. `entry.ts`, `questions.ts`: an entry from options and answers.
 *   `data-source-file.ts`, `installer.ts`, `sign-in.ts`: the file, the package, the trial.
 * - `addresses.ts`, `storages.ts`: what commands work on. `copy-plan.ts`, `copy-file.ts`: what goes where, and how.
 *   `atomic-file.ts`, `local-tree.ts`: this machine's files.
 * - `terminal.ts`, `progress.ts`: what is shown. `failures.ts`, `exit-codes.ts`: how it ends.
 */
import { Interruption, isSystemError } from './failures.js'
import { run } from './run.js'
import { Terminal } from './terminal.js'

const interruption = new AbortController()

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    const reason = new Interruption(name)
    // Cleaning up can take long on a network that is gone; who asks twice does not want to wait for it.
    if (interruption.signal.aborted) die(reason)
    interruption.abort(reason)
  })
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    interruption.abort(isSystemError(error) && error.code === 'EPIPE' ? new Interruption('SIGPIPE') : error)
  })
}

const { signal } = interruption
const terminal = new Terminal(process, signal)
process.exitCode = await run(process.argv.slice(2), {
  terminal,
  directory: process.cwd(),
  environment: process.env,
  signal,
})
if (signal.reason instanceof Interruption) die(signal.reason)
// A terminal or pipe that was read from would keep the process alive.
process.stdin.destroy()

/**
 * Ends at once, by the signal itself, as shells expect it of a program that was interrupted: they stop their loops then. An exit would
 * also wait for what hangs in the system, such as a read from a pipe that nobody writes to. Node ignores SIGPIPE.
 */
function die({ signalName, exitCode }: Interruption): never {
  if (signalName !== 'SIGPIPE' && process.platform !== 'win32') {
    process.removeAllListeners(signalName)
    process.kill(process.pid, signalName)
  }
  process.exit(exitCode)
}
