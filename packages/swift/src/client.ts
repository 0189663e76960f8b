/**
 * Requests to one account of a Swift: signed in, repeated once after a refused token, and with errors in the contract's words.
 */
import type { Readable } from 'node:stream'
import { type HttpRequest, type HttpResponse, HttpTransport, type ResponseHeaders } from '@stowage/http-transport'
import { answerError, badAnswer } from './errors.js'
import { pathOf } from './names.js'
import { Recently } from './recently.js'
import { Sessions, type SignIn } from './sign-in.js'

export interface SwiftRequest extends Pick<HttpRequest, 'commits' | 'responseTimeout'> {
  readonly signal: AbortSignal
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Left out: the account. */
  readonly container?: string
  readonly object?: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Statuses beside 2xx that are no error to the caller. */
  readonly allow?: readonly number[]
}

export interface SwiftAnswer {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly body: Buffer
}

export interface CopyLimits {
  /** Bytes: plain objects that are larger are copied in parts. */
  readonly singleCopySize: number
  /** Bytes of those parts, or more when there would be too many of them. */
  readonly copyPartSize: number
}

const MiB = 1024 * 1024

export interface SwiftClientOptions extends Partial<CopyLimits> {
  /** Milliseconds without data from the service after which a connection counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
  /** The account's key for signed URLs. Default: the account's own, which is created when there is none. */
  readonly tempUrlKey?: string | undefined
}

export class SwiftClient {
  readonly #sessions: Sessions
  // As many connections as there are requests: a pool that is full of slow readers would hold everybody else up.
  readonly #transport: HttpTransport
  /** Containers that were asked for and did not exist. */
  readonly recentlyMissing = new Recently(2000)
  #info: { readonly known: unknown } | undefined

  readonly copyLimits: CopyLimits
  /** The account's key for signed URLs, once it is known. */
  tempUrlKey: string | undefined

  /** Does no I/O. */
  constructor(signIn: SignIn, options: SwiftClientOptions = {}) {
    const { idleTimeout, tempUrlKey, singleCopySize = 256 * MiB, copyPartSize = 256 * MiB } = options
    this.copyLimits = { singleCopySize, copyPartSize }
    this.tempUrlKey = tempUrlKey
    this.#sessions = new Sessions(signIn)
    this.#transport = new HttpTransport({ idleTimeout })
  }

  /** Rejects with a `StorageError` unless the status is 2xx or one that is allowed. */
  async request(request: SwiftRequest): Promise<SwiftAnswer> {
    const { status, headers, body } = await this.#send(request)
    return { status, headers, body: body as Buffer }
  }

  /** As `request`; a content longer than `streamFrom` bytes comes as a stream. */
  async open(request: SwiftRequest, streamFrom: number): Promise<HttpResponse> {
    return this.#send(request, streamFrom)
  }

  /** A list in JSON. */
  async list<T>(request: Omit<SwiftRequest, 'method'>): Promise<{ readonly status: number; readonly entries: T[] }> {
    const { status, body } = await this.request({
      ...request,
      method: 'GET',
      query: { format: 'json', ...request.query },
    })
    return { status, entries: status === 200 ? parseList<T>(body) : [] }
  }

  /** The account's URL, and what the cluster says of itself (`/info`); nothing when it keeps that to itself. */
  async cluster(signal: AbortSignal): Promise<{ readonly endpoint: URL; readonly info: unknown }> {
    const { endpoint } = await this.#sessions.current(signal)
    const url = new URL(endpoint)
    this.#info ??= { known: await this.#askInfo(url.origin, signal) }
    return { endpoint: url, info: this.#info.known }
  }

  async #askInfo(origin: string, signal: AbortSignal): Promise<unknown> {
    const { status, headers, body } = await this.#transport.send({
      method: 'GET',
      origin,
      path: '/info',
      headers: {},
      signal,
    })
    if (status !== 200) {
      if (status >= 500) throw answerError('GET', status, headers)
      return undefined
    }
    try {
      return JSON.parse(body.toString())
    } catch {
      // What answers there is something else, which is the same as no answer.
      return undefined
    }
  }

  async #send(request: SwiftRequest, streamFrom?: number): Promise<HttpResponse> {
    for (let renewed = false; ; renewed = true) {
      const session = await this.#sessions.current(request.signal)
      const url = new URL(session.endpoint)
      const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body
      const answer = await this.#transport.send({
        method: request.method,
        origin: url.origin,
        path: url.pathname + pathBelow(request) + queryOf(request.query),
        headers: { ...request.headers, 'x-auth-token': session.token },
        body,
        signal: request.signal,
        commits: request.commits,
        responseTimeout: request.responseTimeout,
        streamFrom,
      })
      if (answer.status === 401 && !renewed) {
        this.#sessions.discard(session)
        continue
      }
      if ((answer.status >= 200 && answer.status < 300) || request.allow?.includes(answer.status)) return answer
      throw answerError(request.method, answer.status, answer.headers, isStream(answer.body) ? undefined : answer.body)
    }
  }

  async close(): Promise<void> {
    this.#sessions.close()
    await this.#transport.close()
  }
}

const pathBelow = ({ container, object }: SwiftRequest) => (container === undefined ? '' : pathOf(container, object))

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
    throw badAnswer('a list that is not JSON', cause instanceof Error ? new Error(cause.name) : undefined)
  }
  throw badAnswer('a list that is none')
}

/** Lists of Swift's have names, and in between the common beginnings of names. */
const isEntry = (entry: unknown): boolean =>
  typeof entry === 'object' &&
  entry !== null &&
  ('subdir' in entry ? typeof entry.subdir === 'string' : 'name' in entry && typeof entry.name === 'string')

/** Whether an answer's body is still to be read. */
export const isStream = (body: HttpResponse['body']): body is Readable => !Buffer.isBuffer(body)
