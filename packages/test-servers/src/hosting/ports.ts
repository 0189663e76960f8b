import { createServer } from 'node:net'

/** Below the ports that Linux, macOS and Windows use for outgoing connections. */
const lowest = 20_000
const highest = 32_000

const given = new Set<number>()

/**
 * Returns free ports of 127.0.0.1, in ascending order. A process never gets the same port twice.
 */
export async function freePorts(count: number): Promise<number[]> {
  for (let tries = 0; tries < 1000; tries++) {
    const first = lowest + Math.floor(Math.random() * (highest - lowest - count))
    const ports = Array.from({ length: count }, (_, index) => first + index)
    if (ports.some((port) => given.has(port))) continue
    const free = await Promise.all(ports.map(isFree))
    if (!free.every(Boolean)) continue
    for (const port of ports) given.add(port)
    return ports
  }
  throw new Error(`found no ${count} free ports in a row from ${lowest} to ${highest} of 127.0.0.1`)
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port as number
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
