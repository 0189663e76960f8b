/** The context of all calls. */
import { createClient, RESP_TYPES } from '@redis/client'
import { untilAborted } from '@stowage/core/provider'
import { errorOfConnection } from './errors.js'
import type { RedisSettings } from './settings.js'

const create = (url: string) =>
  createClient({
    url,
    // Core retries, and a call must fail at once if there is no connection.
    socket: { reconnectStrategy: false, connectTimeout: 10_000 },
    disableOfflineQueue: true,
  }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })

export type Client = ReturnType<typeof create>

export class Connection {
  readonly prefix: string
  readonly #url: string
  #client: Client
  #connecting: Promise<unknown> | undefined

  constructor({ url, prefix = 'stowage' }: RedisSettings) {
    this.prefix = prefix
    this.#url = url
    this.#client = this.#create()
  }

  /** The client of the present connection, which may be closed. */
  get client(): Client {
    return this.#client
  }

  #create(): Client {
    const client = create(this.#url)
    // Each call reports its own failure.
    client.on('error', () => {})
    return client
  }

  /** Runs a command. Rejects as soon as the signal is aborted; the server may still execute it. */
  async run<T>(signal: AbortSignal, command: (client: Client) => Promise<T>): Promise<T> {
    await untilAborted(this.#connect(), signal)
    return await untilAborted(command(this.#client), signal)
  }

  /** Runs one of the scripts. */
  script(signal: AbortSignal, text: string, args: readonly (string | Uint8Array)[]): Promise<unknown> {
    const values = [this.prefix, ...args].map((arg) => (typeof arg === 'string' ? arg : bufferOf(arg)))
    return this.run(signal, (client) => client.eval(text, { arguments: values }))
  }

  async #connect(): Promise<void> {
    if (this.#client.isReady) return
    this.#connecting ??= this.#reconnect().finally(() => {
      this.#connecting = undefined
    })
    await this.#connecting
  }

  async #reconnect(): Promise<void> {
    if (this.#client.isOpen) this.#client.destroy()
    this.#client = this.#create()
    try {
      await this.#client.connect()
    } catch (error) {
      throw errorOfConnection(error)
    }
  }

  async close(): Promise<void> {
    // `client.close()` would wait for the responses of a silent server.
    if (this.#client.isOpen) this.#client.destroy()
  }
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength)
