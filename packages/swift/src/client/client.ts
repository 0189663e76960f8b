/**
 * Requests to one Swift account: authenticated, retried once after a rejected token, and with
 * errors of the contract.
 */
import type { Readable } from 'node:stream'
import { type HttpRequest, type HttpResponse, HttpTransport, type ResponseHeaders } from '@stowage/http-transport'
import { badResponse, responseError } from '../mapping/errors.js'
import { pathOf } from '../mapping/names.js'
import { ExpiringSet } from './expiring-set.js'
import { Sessions, type SignIn } from './sign-in.js'

export interface SwiftRequest extends Pick<HttpRequest, 'commits' | 'responseTimeout'> {
  readonly signal: AbortSignal
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Missing: the request is about the account. */
  readonly container?: string
  readonly object?: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Statuses other than 2xx that are not errors for the caller. */
  readonly allow?: readonly number[]
}

export interface SwiftResponse {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly body: Buffer
}

export interface CopyLimits {
  /** Bytes: larger objects are copied in parts. */
  readonly singleCopySize: number
  /** Bytes of such a part, or more if there would be too many parts. */
  readonly copyPartSize: number
}

const MiB = 1024 * 1024

export interface SwiftClientOptions extends Partial<CopyLimits> {
  /**
   * Milliseconds without data from the service after which a connection counts as lost. Default:
   * 60,000.
   */
  readonly idleTimeout?: number | undefined
  /**
   * The account's key for signed URLs. Default: the key that the account has, which is created if
   * missing.
   */
  readonly tempUrlKey?: string | undefined
}

/** A client of one account. The context of all calls. */
export class SwiftClient {
  readonly #sessions: Sessions
  // As many connections as requests: a pool full of slow readers would block all other requests.
  readonly #transport: HttpTransport
  /** Containers that did not exist a moment ago. */
  readonly recentlyMissing = new ExpiringSet(2000)
  #info: { readonly known: unknown } | undefined

  readonly copyLimits: CopyLimits
  /** The account's key for signed URLs, once known. */
  tempUrlKey: string | undefined

  /** Creates the client without any I/O. */
  constructor(signIn: SignIn, options: SwiftClientOptions = {}) {
    const { idleTimeout, tempUrlKey, singleCopySize = 256 * MiB, copyPartSize = 256 * MiB } = options
    this.copyLimits = { singleCopySize, copyPartSize }
    this.tempUrlKey = tempUrlKey
    this.#sessions = new Sessions(signIn)
    this.#transport = new HttpTransport({ idleTimeout })
  }

  /** Sends a request. Rejects with a `StorageError` unless the status is 2xx or one of `allow`. */
  async request(request: SwiftRequest): Promise<SwiftResponse> {
    const { status, headers, body } = await this.#send(request)
    return { status, headers, body: body as Buffer }
  }

  /**
   * Sends a request as `request` does. Content longer than `streamFrom` bytes is returned as a
   * stream.
   */
  async open(request: SwiftRequest, streamFrom: number): Promise<HttpResponse> {
    return this.#send(request, streamFrom)
  }

  /** Returns a list, which Swift sends as JSON. */
  async list<T>(request: Omit<SwiftRequest, 'method'>): Promise<{ readonly status: number; readonly entries: T[] }> {
    const { status, body } = await this.request({
      ...request,
      method: 'GET',
      query: { format: 'json', ...request.query },
    })
    return { status, entries: status === 200 ? parseList<T>(body) : [] }
  }

  /**
   * Returns the account's URL and the cluster's description (`/info`), which is `undefined` if the
   * cluster does not publish it.
   */
  async cluster(signal: AbortSignal): Promise<{ readonly endpoint: URL; readonly info: unknown }> {
    const { endpoint } = await this.#sessions.current(signal)
    const url = new URL(endpoint)
    this.#info ??= { known: await this.#fetchInfo(url.origin, signal) }
    return { endpoint: url, info: this.#info.known }
  }

  async #fetchInfo(origin: string, signal: AbortSignal): Promise<unknown> {
    const { status, headers, body } = await this.#transport.send({
      method: 'GET',
      origin,
      path: '/info',
      headers: {},
      signal,
    })
    if (status !== 200) {
      if (status >= 500) throw responseError('GET', status, headers)
      return undefined
    }
    try {
      return JSON.parse(body.toString())
    } catch {
      // The response is not Swift's, so the cluster does not publish its description.
      return undefined
    }
  }

  async #send(request: SwiftRequest, streamFrom?: number): Promise<HttpResponse> {
    for (let renewed = false; ; renewed = true) {
      const session = await this.#sessions.current(request.signal)
      const url = new URL(session.endpoint)
      const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body
      const response = await this.#transport.send({
        method: request.method,
        origin: url.origin,
        path: url.pathname + pathInAccount(request) + queryOf(request.query),
        headers: { ...request.headers, 'x-auth-token': session.token },
        body,
        signal: request.signal,
        commits: request.commits,
        responseTimeout: request.responseTimeout,
        streamFrom,
      })
      if (response.status === 401 && !renewed) {
        this.#sessions.discard(session)
        continue
      }
      if ((response.status >= 200 && response.status < 300) || request.allow?.includes(response.status)) return response
      throw responseError(
        request.method,
        response.status,
        response.headers,
        isStream(response.body) ? undefined : response.body,
      )
    }
  }

  async close(): Promise<void> {
    this.#sessions.close()
    await this.#transport.close()
  }
}

const pathInAccount = ({ container, object }: SwiftRequest) =>
  container === undefined ? '' : pathOf(container, object)

function queryOf(query: SwiftRequest['query']): string {
  const pairs = Object.entries(query ?? {}).filter((pair): pair is [string, string | number] => pair[1] !== undefined)
  if (pairs.length === 0) return ''
  return `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`
}

function parseList<T>(body: Buffer): T[] {
  const text = body.toString()
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list) && list.every(isEntry)) return list as T[]
  } catch (cause) {
    throw badResponse('a list is not JSON', cause instanceof Error ? new Error(cause.name) : undefined)
  }
  throw badResponse('a list has invalid entries')
}

/** Returns whether a value is an entry of a list: a name, or a common prefix of names. */
const isEntry = (entry: unknown): boolean =>
  typeof entry === 'object' &&
  entry !== null &&
  ('subdir' in entry ? typeof entry.subdir === 'string' : 'name' in entry && typeof entry.name === 'string')

/** Returns whether a response's body is a stream. */
export const isStream = (body: HttpResponse['body']): body is Readable => !Buffer.isBuffer(body)
