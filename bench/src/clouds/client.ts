/**
 * A client of a cloud under measurement: a Node program that lives through the whole comparison, or
 * a command that is started for each job.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { ProcessFigures } from '../process.ts'
import type { Job, Outcome } from './job.ts'
import { bodyOf } from './serve.ts'

export interface Measurement extends Outcome {
  /** MiB: the most that the client had during the job. */
  readonly peak: number
  /**
   * MiB: the same, less what it had when it was ready and had done nothing; all of it for a
   * command.
   */
  readonly aboveIdle: number
}

export interface Client {
  readonly name: string
  can(work: Job['work']): boolean
  run(job: Job): Promise<Measurement>
  stop(): Promise<void>
}

/**
 * The maximum duration of a job in milliseconds, many times what the slowest client needs. A client
 * that exceeds it is ended.
 */
const timeLimit = 300_000

const abilities: Readonly<Record<Job['work'], string>> = {
  up: 'up',
  down: 'down',
  upMany: 'upSmall',
  downMany: 'downSmall',
  list: 'list',
}

/** Starts a Node program that calls `serve`. */
export async function startProgram(name: string, script: string, args: readonly string[]): Promise<Client> {
  const child = fork(script, [...args], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let errors = ''
  child.stderr?.on('data', (text: Buffer) => {
    errors = (errors + text).slice(-5000)
  })
  const message = <T>() =>
    new Promise<T>((resolve, reject) => {
      const ended = (code: number | null, signal: string | null) =>
        reject(new Error(`${name} ended with ${code ?? signal}:\n${errors}`))
      child.once('exit', ended)
      child.once('message', (received: T) => {
        child.off('exit', ended)
        resolve(received)
      })
    })
  const { can } = await message<{ readonly can: readonly string[] }>()
  const figures = new ProcessFigures(child.pid ?? 0)
  const idle = figures.residentMemory()
  return {
    name,
    can: (work) => can.includes(abilities[work]),
    run: async (job) => {
      figures.forgetPeak()
      child.send(job)
      const limit = setTimeout(() => child.kill('SIGKILL'), timeLimit)
      const outcome = await message<Outcome>().finally(() => clearTimeout(limit))
      const peak = figures.peakMemory()
      return { ...outcome, peak, aboveIdle: peak - idle }
    },
    stop: () => ended(child),
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const end = new Promise((resolve) => child.once('exit', resolve))
  child.disconnect()
  await end
}

/** How a command does a job. */
export interface Invocation {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A command that is measured with its start. It receives a body on standard input. */
export function command(
  name: string,
  invocationFor: (job: Job) => Promise<Invocation | undefined>,
  able: readonly Job['work'][],
): Client {
  return {
    name,
    can: (work) => able.includes(work),
    run: async (job) => {
      const invocation = await invocationFor(job)
      if (invocation === undefined) throw new Error(`${name} cannot do ${job.work}`)
      return runCommand(name, invocation, job)
    },
    stop: async () => undefined,
  }
}

/** Without what the person who runs the bench has set for clouds of their own. */
const ownEnvironment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:AWS|AZURE|OS|RCLONE|ST)_/.test(name))),
  LC_ALL: 'C.UTF-8',
}

/**
 * Between two looks at a command's memory. The kernel keeps the highest point, so that only what
 * happens after the last look is missed.
 */
const lookEvery = 10

async function runCommand(
  name: string,
  { command: program, args, env, cwd }: Invocation,
  job: Job,
): Promise<Measurement> {
  const started = performance.now()
  // The shell's `time` waits for the command, and gets its whole cost from the kernel.
  const child = spawn('/bin/bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@"', 'bash', program, ...args], {
    stdio: [job.work === 'up' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: { ...ownEnvironment, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  let moved = 0
  let lines = 0
  child.stdout?.on('data', (chunk: Buffer) => {
    moved += chunk.length
    if (job.work === 'list') for (const byte of chunk) if (byte === 10) lines++
  })
  let errors = ''
  child.stderr?.on('data', (text: Buffer) => {
    errors = (errors + text).slice(-5000)
  })
  let peak = 0
  const looks = setInterval(() => {
    peak = Math.max(peak, ...childrenOf(child.pid ?? 0).map((pid) => peakOf(pid)))
  }, lookEvery)
  const limit = setTimeout(() => {
    for (const pid of childrenOf(child.pid ?? 0)) process.kill(pid, 'SIGKILL')
  }, timeLimit)
  const end = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  try {
    if (job.work === 'up' && child.stdin !== null) {
      // The exit code shows that a command has ended early.
      await pipeline(bodyOf(job.size), child.stdin).catch(() => undefined)
    }
    const code = await end
    const seconds = (performance.now() - started) / 1000
    const times = /^(\d+\.\d+) (\d+\.\d+)\s*$/m.exec(errors)
    if (code !== 0 || times === null) throw new Error(`${name} ended with ${code}:\n${errors}`)
    return {
      seconds,
      processor: Number(times[1]) + Number(times[2]),
      moved:
        job.work === 'list'
          ? lines
          : job.work === 'down'
            ? moved
            : 'size' in job && 'count' in job
              ? job.count * job.size
              : job.size,
      peak,
      aboveIdle: peak,
    }
  } finally {
    clearInterval(looks)
    clearTimeout(limit)
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** MiB; 0 of a process that has just ended. */
function peakOf(pid: number): number {
  try {
    return new ProcessFigures(pid).peakMemory() || 0
  } catch {
    return 0
  }
}
