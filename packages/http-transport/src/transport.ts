/**
 * The connections to a service.
 */
import { setImmediate } from 'node:timers/promises'
import { StorageError } from '@stowage/core/provider'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'
import { Exchange } from './exchange.js'
import type { HttpRequest, HttpResponse } from './messages.js'

export interface HttpTransportOptions {
  /** Milliseconds in which a connection must be made. Default: 10,000. */
  readonly connectTimeout?: number | undefined
  /** Milliseconds without data, after which a connection counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
  /** Connections to one host; further requests wait. Default: as many as there are requests. */
  readonly maxConnections?: number | undefined
}

/**
 * Milliseconds that a connection may be unused and is used again. Services close theirs sooner or
 * later, and a request that is sent over a closed one fails without a word about what became of it.
 */
const maxUnused = 4000

export class HttpTransport {
  readonly #options: HttpTransportOptions
  #current: Dispatcher | undefined
  /** With the current one also those whose last requests have not ended yet. */
  readonly #open = new Set<Dispatcher>()
  /** By the clock, which goes on while the process is frozen or the machine asleep. */
  #lastUse = 0
  #closed = false

  /** Does no I/O. */
  constructor(options: HttpTransportOptions = {}) {
    this.#options = options
  }

  /** Rejects with a `StorageError`, or with the signal's reason. Every status is a response. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    await closedConnectionsSeen()
    if (this.#closed) throw closed()
    try {
      const { idleTimeout = 60_000 } = this.#options
      return await new Exchange(request, idleTimeout).run(this.#dispatcher())
    } finally {
      this.#lastUse = Date.now()
    }
  }

  /** Ends all connections, and with them the pending requests. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#open].map((dispatcher) => dispatcher.destroy(closed())))
  }

  /**
   * The timers that close unused connections fire late when the process was frozen or the event
   * loop blocked. So after a pause the old connections are not used again, whatever their timers
   * say.
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
    // Resolves when its last request has ended; `close` may destroy it before.
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
      ...(maxConnections === undefined ? {} : { connections: maxConnections }),
    }
    const proxied = proxyVariables.some((name) => process.env[name])
    const dispatcher = proxied ? new EnvHttpProxyAgent(options) : new Agent(options)
    this.#open.add(dispatcher)
    return dispatcher
  }
}

/**
 * Resolves when the event loop has polled once more: a connection that the service had closed by
 * now is no longer used. undici waits for one `setImmediate`, which, called while events are
 * handled, comes before the next poll.
 */
async function closedConnectionsSeen(): Promise<void> {
  await setImmediate()
  await setImmediate()
}

const closed = () => new StorageError('CLOSED', 'the storage was closed')

const proxyVariables = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'] as const
