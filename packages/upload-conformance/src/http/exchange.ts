/**
 * Requests that a test needs control over: bodies in pieces, trailers, and connections that break.
 */
import * as http from 'node:http'
import * as https from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'

export type RequestHeaders = Readonly<Record<string, string>>

export interface RequestSpec {
  readonly method: string
  readonly url: string
  readonly headers?: RequestHeaders
  /** One piece is sent with its length, several are sent chunked. */
  readonly body?: Uint8Array | readonly Uint8Array[] | undefined
  /** Sent after a chunked body. */
  readonly trailers?: RequestHeaders | undefined
}

export interface InterimResponse {
  readonly status: number
  readonly headers: ResponseHeaders
}

/** A response, with the request it belongs to. */
export interface Response {
  readonly request: string
  readonly url: string
  readonly status: number
  readonly headers: ResponseHeaders
  readonly body: string
  /** Responses of the class 1xx that came before. */
  readonly interim: readonly InterimResponse[]
}

class ResponseHeaders {
  readonly #fields: http.IncomingHttpHeaders

  constructor(fields: http.IncomingHttpHeaders) {
    this.#fields = fields
  }

  get(name: string): string | undefined {
    const value = this.#fields[name.toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value
  }
}

/** A request whose body is still being sent. */
export interface OpenRequest {
  write(bytes: Uint8Array): Promise<void>
  end(bytes?: Uint8Array): void
  /** Closes the connection. */
  break(): void
  /** Rejects if the connection ends without a response. */
  readonly response: Promise<Response>
  /** The interim responses so far. */
  readonly interim: readonly InterimResponse[]
}

export class NoResponse extends Error {}

/** Sends requests, each on a new connection. */
export class HttpClient {
  readonly #headers: RequestHeaders
  readonly #timeout: number

  /**
   * @param headers Sent with every request.
   * @param timeout Milliseconds for each response.
   */
  constructor(headers: RequestHeaders, timeout: number) {
    this.#headers = headers
    this.#timeout = timeout
  }

  /** Sends a request. Fails with `NoResponse`. */
  async send({ body, trailers, headers = {}, ...spec }: RequestSpec): Promise<Response> {
    const isChunked = body !== undefined && !(body instanceof Uint8Array)
    const length = body instanceof Uint8Array ? body.length : 0
    const framing: RequestHeaders = isChunked
      ? { 'Transfer-Encoding': 'chunked' }
      : { 'Content-Length': String(length) }
    const withBody = body !== undefined || spec.method === 'POST' || spec.method === 'PATCH'
    const announced: RequestHeaders = trailers === undefined ? {} : { Trailer: Object.keys(trailers).join(', ') }
    const all = { ...headers, ...announced, ...(withBody ? framing : {}) }
    const open = this.open({ ...spec, headers: all }, trailers)
    if (isChunked) {
      // A server that refuses the request may close the connection before the whole body is sent.
      for (const piece of body) await open.write(piece).catch(() => undefined)
      open.end()
    } else {
      open.end(body)
    }
    return open.response
  }

  /** Begins a request. */
  open({ method, url, headers = {} }: RequestSpec, trailers?: RequestHeaders): OpenRequest {
    const { request } = url.startsWith('https:') ? https : http
    const all = { ...this.#headers, ...headers }
    const req = request(url, { method, headers: all, agent: false })
    const text = describeRequest(method, headers)
    const interim: InterimResponse[] = []
    const response = this.#response(req, { text, url, interim })
    response.catch(() => undefined)
    if (trailers !== undefined) req.addTrailers(trailers)
    return {
      response,
      interim,
      write: (bytes) => new Promise((resolve, reject) => req.write(bytes, (e) => (e ? reject(e) : resolve()))),
      end: (bytes) => void req.end(bytes),
      break: () => void req.destroy(),
    }
  }

  /**
   * Sends the beginning of a body whose length is stated, and closes the connection after the
   * server had a moment to read it.
   */
  async sendBroken(spec: RequestSpec & { readonly body: Uint8Array }, sent: number): Promise<void> {
    const { body, headers = {} } = spec
    const open = this.open({ ...spec, headers: { ...headers, 'Content-Length': String(body.length) } })
    await open.write(body.subarray(0, sent))
    await Promise.race([delay(300), open.response.catch(() => undefined)])
    open.break()
  }

  /**
   * Sends the beginning of a body, and closes the connection when an interim response has a
   * `Location`. Returns it; `undefined` if there is none within some seconds.
   */
  async locationBeforeBreak(spec: RequestSpec, beginning: Uint8Array): Promise<string | undefined> {
    const open = this.open(spec)
    await open.write(beginning)
    let location: string | undefined
    for (let attempt = 0; location === undefined && attempt < 20; attempt++) {
      await delay(250)
      location = open.interim.map(({ headers }) => headers.get('Location')).find((value) => value !== undefined)
    }
    open.break()
    return location
  }

  #response(
    req: http.ClientRequest,
    { text: request, url, interim }: { text: string; url: string; interim: InterimResponse[] },
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      let hasBegun = false
      const fail = (reason: string) => reject(new NoResponse(`${request}: no response (${reason})`))
      const timer = setTimeout(() => {
        fail(`none in ${this.#timeout / 1000} s`)
        req.destroy()
      }, this.#timeout)
      req.on('information', ({ statusCode, headers }) =>
        interim.push({ status: statusCode, headers: new ResponseHeaders(headers) }),
      )
      req.once('response', async (message) => {
        hasBegun = true
        try {
          const chunks: Buffer[] = await message.toArray()
          resolve({
            request,
            url,
            status: message.statusCode ?? 0,
            headers: new ResponseHeaders(message.headers),
            body: Buffer.concat(chunks).toString('latin1'),
            interim,
          })
        } catch (error) {
          fail(String(error))
        } finally {
          clearTimeout(timer)
          req.destroy()
        }
      })
      req.once('close', () => {
        clearTimeout(timer)
        if (!hasBegun) fail('the connection was closed')
      })
      // Also emitted after the response, if the rest of the body cannot be sent.
      req.on('error', (error) => {
        if (!hasBegun) fail(error.message)
      })
    })
  }
}

/** The request as a case names it: its method, and the headers of the protocols. */
function describeRequest(method: string, headers: RequestHeaders): string {
  const shown = Object.entries(headers).filter(
    ([name]) => /^(?:upload-|x-http|content-type|tus-)/i.test(name) && !/^upload-(?:metadata|draft)/i.test(name),
  )
  const fields = shown
    .filter(([name, value]) => !(name === 'Tus-Resumable' && value === '1.0.0'))
    .map(([name, value]) => `${name}: ${value.length > 60 ? `${value.slice(0, 60)}…` : value}`)
  return fields.length === 0 ? method : `${method} (${fields.join(', ')})`
}
