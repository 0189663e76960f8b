/**
 * Starts listening. If that fails, throws an error with a reason for the user.
 */
import type { Server } from 'node:http'
import { type Config, StartError } from './config.js'

const listenErrors: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there already; choose another one with PORT',
  EACCES: 'that is not allowed; ports below 1024 need special rights',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'there is no such host',
}

export async function listen(server: Server, { host, port }: Pick<Config, 'host' | 'port'>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  try {
    await promise
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? listenErrors[String(error.code)] : undefined
    if (reason === undefined) throw error
    throw new StartError(`cannot listen on ${host}, port ${port}: ${reason}`, { cause: error })
  } finally {
    server.off('error', reject)
  }
}
