import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from './ports.js'

/** What becomes of a connection. */
export type Fault =
  /** Everything passes. */
  | { readonly kind: 'none' }
  /** The connection is reset after so many bytes from the server; with 0 before the first. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** The connection is closed in good order after so many bytes from the server, as a truncated answer. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** After so many bytes from the server nothing more comes, and the connection stays open. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** Whatever is asked gets this answer, word for word, and the server learns nothing of it. */
  | { readonly kind: 'answer'; readonly text: string }

export interface TcpProxy {
  /** The server's URL, through the proxy. */
  readonly endpoint: string
  /** Connections that were made so far. */
  readonly connections: number
  /** The faults of the next connections, one each; those after them pass. */
  failNext(...faults: readonly Fault[]): void
  stop(): Promise<void>
}

/** An answer of HTTP, for {@link Fault} `answer`. The connection is closed behind it. */
export function httpAnswer(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Fault {
  const lines = Object.entries({ ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' })
  const head = [`HTTP/1.1 ${status} Fault`, ...lines.map(([name, value]) => `${name}: ${value}`)].join('\r\n')
  return { kind: 'answer', text: `${head}\r\n\r\n${body}` }
}

/**
 * A proxy in front of a server (`http://host:port`) that breaks connections as it is told. It looks at bytes alone, so what passes is what
 * was sent. Clients keep connections open: close them, or start a new client, for the next fault to meet the next request.
 */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target)
  const faults: Fault[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((client) => {
    connections++
    const fault = faults.shift() ?? { kind: 'none' }
    hold(sockets, client)
    if (fault.kind === 'answer') {
      client.once('data', () => client.end(fault.text))
      return
    }
    const upstream = connect(Number(targetPort), hostname)
    hold(sockets, upstream)
    client.pipe(upstream)
    client.once('close', () => upstream.destroy())
    upstream.once('close', () => (fault.kind === 'stall' ? undefined : client.end()))
    forward(upstream, client, fault)
  })
  const port = await listen(server)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    get connections() {
      return connections
    },
    failNext: (...next) => void faults.push(...next),
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function forward(upstream: Socket, client: Socket, fault: Exclude<Fault, { kind: 'answer' }>): void {
  let left = fault.kind === 'none' ? Number.POSITIVE_INFINITY : fault.afterBytes
  upstream.on('data', (chunk: Buffer) => {
    const passed = chunk.subarray(0, Math.min(left, chunk.length))
    left -= passed.length
    if (!client.write(passed)) {
      upstream.pause()
      client.once('drain', () => upstream.resume())
    }
    if (left > 0) return
    upstream.removeAllListeners('data')
    if (fault.kind === 'reset') client.resetAndDestroy()
    else if (fault.kind === 'truncate') client.end()
    if (fault.kind !== 'stall') upstream.destroy()
  })
}

/** A socket that breaks is no matter of the proxy's. */
function hold(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.on('error', () => socket.destroy())
  socket.once('close', () => sockets.delete(socket))
}

async function listen(server: Server): Promise<number> {
  const port = await freePort()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  server.unref()
  return port
}
