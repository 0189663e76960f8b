import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../hosting/ports.js'

/** What becomes of a connection. */
export type Fault =
  /** Everything passes. */
  | { readonly kind: 'none' }
  /** The connection is reset after so many bytes from the server; with 0 before the first. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /**
   * The connection is closed in good order after so many bytes from the server, as a truncated
   * response.
   */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** After so many bytes from the server nothing more comes, and the connection stays open. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** The client receives this text as the response; the server receives nothing. */
  | { readonly kind: 'response'; readonly text: string }

export interface TcpProxy {
  /** The server's URL, through the proxy. */
  readonly endpoint: string
  /** Connections that were made so far. */
  readonly connections: number
  /** The faults of the next connections, one each; those after them pass. */
  failNext(...faults: readonly Fault[]): void
  /**
   * The fault of the next request whose head begins like this, on any connection. Bytes are counted
   * from there. Each call concerns one request, in the order of the calls.
   */
  failRequest(head: RegExp, fault: Fault): void
  /** Resets all connections, and every new one as long as this is on: the server is unreachable. */
  refuse(on: boolean): void
  stop(): Promise<void>
}

/** Makes an HTTP response for {@link Fault}. The connection is closed after it. */
export function httpResponse(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Fault {
  const lines = Object.entries({ ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' })
  const head = [`HTTP/1.1 ${status} Fault`, ...lines.map(([name, value]) => `${name}: ${value}`)].join('\r\n')
  return { kind: 'response', text: `${head}\r\n\r\n${body}` }
}

/**
 * A proxy in front of a server (`http://host:port`) that breaks connections on request. It forwards
 * bytes unchanged. Clients keep connections open: before {@link TcpProxy.failNext}, close them or
 * start a new client.
 */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(target)
  const faults: Fault[] = []
  const awaited: AwaitedRequest[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  let refuses = false
  const server = createServer((client) => {
    connections++
    if (refuses) {
      client.on('error', () => undefined).resetAndDestroy()
      return
    }
    const upstream = connect(Number(targetPort), hostname)
    hold(sockets, client)
    hold(sockets, upstream)
    new Passage(client, upstream, awaited, faults.shift() ?? { kind: 'none' })
  })
  const port = await listen(server)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    get connections() {
      return connections
    },
    failNext: (...next) => void faults.push(...next),
    failRequest: (head, fault) => void awaited.push({ head, fault }),
    refuse: (on) => {
      refuses = on
      if (on) for (const socket of sockets) socket.resetAndDestroy()
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface AwaitedRequest {
  readonly head: RegExp
  readonly fault: Fault
}

/** Bytes of a request in which its head is searched. */
const headBytes = 4096

/** A client's connection, and the one to the server that belongs to it. */
class Passage {
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #awaited: AwaitedRequest[]
  #fault: Fault
  /** Bytes from the server that still pass. */
  #left = Number.POSITIVE_INFINITY

  constructor(client: Socket, upstream: Socket, awaited: AwaitedRequest[], fault: Fault) {
    this.#client = client
    this.#upstream = upstream
    this.#awaited = awaited
    this.#fault = fault
    this.#meet(fault)
    client.on('data', (chunk: Buffer) => this.#toServer(chunk))
    client.once('close', () => upstream.destroy())
    upstream.on('data', (chunk: Buffer) => this.#toClient(chunk))
    upstream.once('close', () => {
      if (this.#fault.kind !== 'stall' && this.#fault.kind !== 'response') client.end()
    })
  }

  #meet(fault: Fault): void {
    this.#fault = fault
    this.#left = 'afterBytes' in fault ? fault.afterBytes : Number.POSITIVE_INFINITY
  }

  #toServer(chunk: Buffer): void {
    const head = this.#awaited.length === 0 ? '' : chunk.toString('latin1', 0, headBytes)
    const index = this.#awaited.findIndex((request) => request.head.test(head))
    const [met] = index === -1 ? [] : this.#awaited.splice(index, 1)
    if (met !== undefined) this.#meet(met.fault)
    if (this.#fault.kind === 'response') {
      this.#client.removeAllListeners('data').resume().end(this.#fault.text)
      this.#upstream.destroy()
    } else {
      pass(chunk, this.#client, this.#upstream)
    }
  }

  #toClient(chunk: Buffer): void {
    const passed = chunk.subarray(0, Math.min(this.#left, chunk.length))
    this.#left -= passed.length
    pass(passed, this.#upstream, this.#client)
    if (this.#left > 0) return
    this.#upstream.removeAllListeners('data')
    if (this.#fault.kind === 'reset') this.#client.resetAndDestroy()
    else if (this.#fault.kind === 'truncate') this.#client.end()
    if (this.#fault.kind !== 'stall') this.#upstream.destroy()
  }
}

function pass(chunk: Buffer, from: Socket, to: Socket): void {
  if (to.destroyed || to.write(chunk)) return
  from.pause()
  to.once('drain', () => from.resume())
}

/** A broken socket is not an error of the proxy. */
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
