/**
 * Tokens: names that say which process uses them, so that other processes can find out whether it has ended.
 *
 * `<machine>-<process>-<its start>-<instance>-<number>`. The machine's part is made of the kernel's boot and its
 * namespace of processes: only processes that see the same process table can prove that one has ended.
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

/** What `/proc` says of a process: `unknown` where it says nothing, which proves nothing. */
interface ProcessFacts {
  readonly start: string
  readonly hasEnded: boolean
}

const unknown: ProcessFacts = { start: '0', hasEnded: false }

function processFacts(pid: number): ProcessFacts {
  // In a namespace of processes without a `/proc` of its own, the numbers there are those of other processes.
  if (attempt(() => readlinkSync('/proc/self'), '') !== String(process.pid)) return unknown
  const fields = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '')
  // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
  const [state, ...rest] = fields.slice(fields.lastIndexOf(')') + 2).split(' ')
  // A process that has ended and whose parent has not asked for its exit code does nothing any more.
  return { start: rest[18] ?? '0', hasEnded: state === 'Z' || state === 'X' }
}

const self = `${machine}-${process.pid}-${processFacts(process.pid).start}-${randomBytes(6).toString('hex')}`
let tokens = 0

/**
 * A token of this thread that was never used before and never will be. Short enough for ext4 to keep it in the inode of a
 * symbolic link (59 bytes), which makes a lock cheap and lets it be taken on a full disk.
 */
export const newToken = (): string => `${self}-${(tokens++).toString(36)}`

const tokenForm = /^([0-9a-f]{16})-(\d+)-(\d+)-[0-9a-f]{12}-[0-9a-z]+(?:\.\d+)?$/

/**
 * `dead`: the process has ended, for certain. `alive`: it runs, though the thread may have ended. `unknown`: neither is
 * proven, as for processes on another machine, in another container, or hidden by the mount option `hidepid`.
 */
export type OwnerState = 'alive' | 'dead' | 'unknown'

/** What is known of the process of a token, which may have a number after a dot; `undefined` for any other name. */
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
  const facts = processFacts(Number(pid))
  if (facts.start === '0' || start === '0') return 'unknown'
  return facts.start === start && !facts.hasEnded ? 'alive' : 'dead'
}
