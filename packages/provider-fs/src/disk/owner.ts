/**
 * Tokens: names that contain the process that uses them, so that other processes can find out
 * whether it has ended.
 *
 * A token is `<machine>-<process>-<its start>-<instance>-<number>`. The machine's part is made from
 * the kernel's boot id and its process namespace: only processes with the same process table can
 * prove that one has ended.
 */
import { hash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

const attempt = <T>(read: () => T, otherwise: T): T => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

const machine = hash(
  'sha256',
  JSON.stringify([
    attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'), hostname()),
    attempt(() => readlinkSync('/proc/self/ns/pid'), ''),
  ]),
).slice(0, 16)

/**
 * The state of a process in `/proc`, or `unknown` if `/proc` does not have it, which proves
 * nothing.
 */
interface ProcessState {
  readonly start: string
  readonly hasEnded: boolean
}

const unknown: ProcessState = { start: '0', hasEnded: false }

function processState(pid: number): ProcessState {
  // In a process namespace without its own `/proc`, the numbers there belong to other processes.
  if (attempt(() => readlinkSync('/proc/self'), '') !== String(process.pid)) return unknown
  const fields = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '')
  // The second field is the program's name in parentheses, which may contain spaces and
  // parentheses.
  const [letter, ...rest] = fields.slice(fields.lastIndexOf(')') + 2).split(' ')
  // A process that has ended, and whose parent has not read its exit code, does nothing any more.
  return { start: rest[18] ?? '0', hasEnded: letter === 'Z' || letter === 'X' }
}

const self = `${machine}-${process.pid}-${processState(process.pid).start}-${randomBytes(6).toString('hex')}`
let tokens = 0

/**
 * Returns a token of this thread that is never used again. It is short enough for ext4 to store it
 * in the inode of a symbolic link (59 bytes), which makes a lock cheap, and possible on a full
 * disk.
 */
export const newToken = (): string => `${self}-${(tokens++).toString(36)}`

const tokenForm = /^([0-9a-f]{16})-(\d+)-(\d+)-[0-9a-f]{12}-[0-9a-z]+(?:\.\d+)?$/

/**
 * - `dead`: the process has ended.
 * - `alive`: the process is running. Its thread may have ended.
 * - `unknown`: neither is proven, for example for a process on another machine, in another
 *   container, or hidden by the mount option `hidepid`.
 */
export type OwnerState = 'alive' | 'dead' | 'unknown'

/**
 * Returns the state of a token's process. A token may have a number after a dot. Returns
 * `undefined` for any other name.
 */
export function ownerState(name: string): OwnerState | undefined {
  const [, host, pid, start] = tokenForm.exec(name) ?? []
  if (host === undefined) return undefined
  if (host !== machine) return 'unknown'
  if (name.startsWith(self)) return 'alive'
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return 'dead'
  }
  const state = processState(Number(pid))
  if (state.start === '0' || start === '0') return 'unknown'
  return state.start === start && !state.hasEnded ? 'alive' : 'dead'
}
