/**
 * A client of a storage in another process, with the built package of the provider: to be measured,
 * and to be killed.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { DataSourceSettings } from '@stowage/core'
import { expect } from 'vitest'
import { hashOf, largeBody } from './large-body.js'

/** What the process is to do; JSON. */
export interface ClientOrder {
  readonly settings: DataSourceSettings
  /** The provider's package. */
  readonly directory: string
  readonly container: string
  readonly file: string
  /** Bytes of the body. */
  readonly size: number
}

/**
 * What one direction took: the most bytes of memory above what the idle process had, and seconds.
 */
export interface Taken {
  readonly memory: number
  readonly seconds: number
}

/** The checksums are of what came back, and of what the storage says of the file. */
export interface Transfer {
  readonly stored: number
  readonly hash: string
  readonly up: Taken
  readonly down: Taken
}

function start(work: 'transfer' | 'write', order: ClientOrder): ChildProcess {
  return fork(fileURLToPath(new URL('./client-program.js', import.meta.url)), [work, JSON.stringify(order)], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

/**
 * Sends a body of unknown length (`largeBody`), gets it back whole, and takes less than `memory`
 * bytes for either.
 */
export async function transferWhole(order: ClientOrder, memory: number): Promise<void> {
  const child = start('transfer', order)
  try {
    const [message] = await Promise.race([once(child, 'message'), ended(child)])
    const { stored, hash, up, down } = message as Transfer
    expect(stored).toBe(order.size)
    expect(hash).toBe(await hashOf(largeBody(order.size)))
    expect(up.memory).toBeLessThan(memory)
    expect(down.memory).toBeLessThan(memory)
  } finally {
    child.kill('SIGKILL')
  }
}

/**
 * Writes the file over and over in a process that is killed when it has given out so many chunks of
 * 1 MiB, `soon` milliseconds later. Settles when the process has ended.
 */
export async function killWhileWriting(
  order: ClientOrder,
  { chunks, soon = 0 }: { readonly chunks: number; readonly soon?: number },
): Promise<void> {
  const child = start('write', order)
  let left = chunks
  child.on('message', () => {
    if (--left === 0) setTimeout(() => child.kill('SIGKILL'), soon)
  })
  const [, signal] = await once(child, 'exit')
  if (signal !== 'SIGKILL') throw new Error('the writer has ended before it was killed')
}

async function ended(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, 'exit')
  throw new Error(`the client has ended with ${code ?? signal}`)
}
