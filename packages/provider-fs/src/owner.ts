/**
 * Who made a temporary file or holds a lock: a token that says which process, so that others can tell whether it lives.
 *
 * `<machine>-<process>-<its start>-<instance>-<number>`. A process is known for sure only to those that see the same
 * process table: the machine's part is made of the kernel's boot and its namespace of processes.
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

/** `0` where the system does not tell. A process that has ended and is not yet waited for counts as none. */
function processStart(pid: number): string {
  const fields = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '')
  // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
  const [state, ...rest] = fields.slice(fields.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' || state === 'X' ? 'ended' : (rest[18] ?? '0')
}

const self = `${machine}-${process.pid}-${processStart(process.pid)}-${randomBytes(8).toString('hex')}`
let tokens = 0

/** A token of this process that nobody else has, ever. Fit for a file's name. */
export const newToken = (): string => `${self}-${(tokens++).toString(36)}`

export type OwnerState = 'alive' | 'dead' | 'elsewhere'

/** What is known of a token's owner; `undefined` when it is no token. `elsewhere`: another machine's, of which nothing is known. */
export function ownerState(token: string): OwnerState | undefined {
  const [, host, pid, start] = /^([0-9a-f]{16})-(\d+)-(\d+)-[0-9a-f]{16}-[0-9a-z]+$/.exec(token) ?? []
  if (host === undefined) return undefined
  if (host !== machine) return 'elsewhere'
  if (token.startsWith(self)) return 'alive'
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return 'dead'
  }
  return processStart(Number(pid)) === start ? (start === '0' ? 'elsewhere' : 'alive') : 'dead'
}
