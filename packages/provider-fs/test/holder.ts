import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

/** A process that executes one operation and stops in the middle. */
export interface Holder {
  readonly process: ChildProcess
  /** Returns its next message: `there`, and then the result of the operation. */
  says(): Promise<string>
}

/**
 * @param call The system call before which it stops, such as `rename >file`.
 * @param action A signal, or another action at that moment.
 */
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

/** Starts a process that is killed in the middle of an operation. */
export async function killedHolder(root: string, operation: string, call: string): Promise<void> {
  const holder = startHolder(root, operation, call, 'SIGKILL')
  await once(holder.process, 'exit')
}
