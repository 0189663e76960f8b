/**
 * @stowage/cli: the program `stowage`, which `bin/stowage.cjs` starts if Node is new enough.
 *
 * - `commands/`: one file per command, their options and help, and the addresses they take.
 * - `copying/`: which file is copied where, and the copying of one file.
 * - `data-sources/`: the wizard's questions, the entry, its file, its package and its test sign-in.
 * - `terminal/`: input and output: text, prompts, progress, help.
 * - `failures/`: errors, their messages and exit codes.
 * - `version.ts`: the version of this package.
 */

import { run } from './commands/run.js'
import { Interruption, isSystemError } from './failures/failures.js'
import { Terminal } from './terminal/terminal.js'

const interruption = new AbortController()

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    const reason = new Interruption(name)
    // Cleaning up can take long if the network is down. A second signal ends it at once.
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
// Standard input would keep the process alive after it was read from.
process.stdin.destroy()

/**
 * Ends the process at once, by the signal itself: shells stop their loops only then. `exit` would
 * also wait for pending system calls, such as a read from a pipe without a writer. Node ignores
 * SIGPIPE.
 */
function die({ signalName, exitCode }: Interruption): never {
  if (signalName !== 'SIGPIPE' && process.platform !== 'win32') {
    process.removeAllListeners(signalName)
    process.kill(process.pid, signalName)
  }
  process.exit(exitCode)
}
