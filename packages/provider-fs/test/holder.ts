import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

/** A process that does one operation and stops in the middle. */
export interface Holder {
  readonly process: ChildProcess
  /** What it says next: `there`, and how the operation went. */
  says(): Promise<string>
}

/** `call`: the call of the system before which it stops, such as `rename >file`. `action`: a signal, or what else happens there. */
export function startHolder(
  root: string,
  operation: string,
  call: string,
  action: string,
  options: ForkOptions = {},
): Holder {
  const child = fork(new URL('./children/holder.ts', import.meta.url), [root, operation, call, action], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  if (child.stdout === null) throw new Error('the holder has no output')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { process: child, says: async () => String((await lines.next()).value) }
}

/** A process that was killed in the middle of an operation. */
export async function killedHolder(root: string, operation: string, call: string): Promise<void> {
  const holder = startHolder(root, operation, call, 'SIGKILL')
  await once(holder.process, 'exit')
}
