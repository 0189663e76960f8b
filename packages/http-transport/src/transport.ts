/** The connections to a service. */
import { setImmediate } from 'node:timers/promises'
import { defined, StorageError } from '@stowage/core/provider'
// Bun replaces the module `undici`, but not its file, with one that has no dispatchers.
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici/index.js'
import { Exchange } from './exchange.js'
import type { HttpRequest, HttpResponse } from './messages.js'

export interface HttpTransportOptions {
  /** Milliseconds to open a connection. Default: 10,000. */
  readonly connectTimeout?: number | undefined
  /** Milliseconds without data after which a connection counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
  /** Maximum number of connections to one host; further requests wait. Default: unlimited. */
  readonly maxConnections?: number | undefined
}

/**
 * Milliseconds for which an unused connection is kept. Services close unused connections after a
 * while. If a request is sent over a closed one, its outcome is unknown.
 */
const maxUnused = 4000

/** Sends requests over a pool of connections. */
export class HttpTransport {
  readonly #options: HttpTransportOptions
  #current: Dispatcher | undefined
  /** The current dispatcher, and older ones with pending requests. */
  readonly #open = new Set<Dispatcher>()
  /** By the clock, which continues while the process is stopped or the machine sleeps. */
  #lastUse = 0
  #closed = false

  /** Creates a transport without any I/O. */
  constructor(options: HttpTransportOptions = {}) {
    this.#options = options
  }

  /**
   * Sends a request. Resolves with every response, whatever its status. Rejects with a
   * `StorageError`, or with the signal's reason.
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    await pollEventLoop()
    if (this.#closed) throw closedError()
    try {
      const { idleTimeout = 60_000 } = this.#options
      return await new Exchange(request, idleTimeout).run(this.#dispatcher())
    } finally {
      this.#lastUse = Date.now()
    }
  }

  /** Closes all connections, and fails the pending requests with `CLOSED`. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#open].map((dispatcher) => dispatcher.destroy(closedError())))
  }

  /**
   * Returns the current dispatcher. After a pause the old connections are not reused: the timers
   * that close them fire late if the process was stopped or the event loop was blocked.
   */
  #dispatcher(): Dispatcher {
    const now = Date.now()
    if (now - this.#lastUse > maxUnused) this.#retire()
    this.#lastUse = now
    this.#current ??= this.#connections()
    return this.#current
  }

  #retire(): void {
    const stale = this.#current
    if (stale === undefined) return
    this.#current = undefined
    // Resolves when its last request has ended, or `close` destroys it.
    stale.close().then(
      () => this.#open.delete(stale),
      () => this.#open.delete(stale),
    )
  }

  #connections(): Dispatcher {
    const { connectTimeout = 10_000, maxConnections } = this.#options
    const options = {
      keepAliveTimeout: maxUnused,
      keepAliveMaxTimeout: maxUnused,
      connect: { timeout: connectTimeout },
      ...defined({ connections: maxConnections }),
    }
    const proxied = proxyVariables.some((name) => process.env[name])
    const dispatcher = proxied ? new EnvHttpProxyAgent(options) : new Agent(options)
    this.#open.add(dispatcher)
    return dispatcher
  }
}

/**
 * Waits for one poll of the event loop, after which connections that the service has closed are no
 * longer used. undici waits for one `setImmediate`, which during event handling comes before the
 * next poll.
 */
async function pollEventLoop(): Promise<void> {
  await setImmediate()
  await setImmediate()
}

const closedError = () => new StorageError('CLOSED', 'the storage was closed')

const proxyVariables = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'] as const
