import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A line between the browser and the demo that can be cut and repaired, and counts bytes. */
export class Relay implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false
  /** Bytes from the browser: requests, with their bodies. */
  received = 0

  private constructor(port: number) {
    this.#server = createServer((client) => {
      if (this.#isCut) client.destroy()
      else this.#join(client, connect(port, '127.0.0.1'))
      client.on('data', (chunk) => {
        this.received += chunk.length
      })
    })
  }

  static async to(url: string): Promise<Relay> {
    const relay = new Relay(Number(new URL(url).port))
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    return relay
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Breaks all connections, and refuses new ones. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  repair(): void {
    this.#isCut = false
  }

  #join(...sockets: readonly [Socket, Socket]): void {
    for (const socket of sockets) {
      const other = sockets.find((each) => each !== socket) as Socket
      this.#sockets.add(socket)
      socket.pipe(other)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
