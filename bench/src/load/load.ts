/**
 * Running the load generator, or another client.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { curl, wrk } from './clients.ts'
import type { GeneratorMessage, LoadOrder, LoadResult } from './order.ts'

const generator = fileURLToPath(new URL('./generator.ts', import.meta.url))
const undici = fileURLToPath(new URL('./undici.ts', import.meta.url))

/** Sends the requests from another process. Throws if a response differs from the expected one. */
export function generateLoad(order: LoadOrder): Promise<LoadResult> {
  switch (order.client) {
    case 'curl':
      return curl(order)
    case 'wrk':
      return wrk(order)
    default:
      return forkClient(order.client === 'undici' ? undici : generator, order)
  }
}

function forkClient(program: string, order: LoadOrder): Promise<LoadResult> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadResult>()
  const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.once('message', (message: GeneratorMessage) => {
    if ('result' in message) resolve(message.result)
    else reject(new Error(message.failure))
    child.disconnect()
  })
  child.once('error', reject)
  child.once('exit', (code) => reject(new Error(`the load generator ended with ${code}`)))
  child.send(order)
  return promise
}
