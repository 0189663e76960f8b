/**
 * The request and the response that the routes use. Node's are both without a wrapper. A
 * web-standard request has its own: see `fetch/`.
 */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable, Writable } from 'node:stream'

/** The parts of `IncomingMessage` that the routes use. */
export interface HttpRequest extends Readable {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly httpVersionMajor: number
  readonly headers: IncomingHttpHeaders
  /** Complete when the body has ended. Requests of the web platform have none. */
  readonly trailers?: Readonly<Record<string, string | undefined>> | undefined
  /** Whether the whole body has arrived. */
  readonly complete: boolean
  /** Only Node's requests have one. */
  readonly socket?: unknown
  /** Only requests of the web platform: whether other code has read the body, or is reading it. */
  readonly bodyUsed?: boolean
}

/** The parts of `ServerResponse` that the routes use. */
export interface HttpResponse extends Writable {
  readonly req: HttpRequest
  readonly headersSent: boolean
  /** Only Node's responses have one; `null` while another response of the connection is sent. */
  readonly socket?: unknown
  setHeader(name: string, value: string | number | readonly string[]): this
  getHeader(name: string): string | number | string[] | undefined
  writeHead(statusCode: number, headers?: OutgoingHttpHeaders): this
  /** Sends `100 Continue`. Servers of the web platform send it themselves. */
  writeContinue?(): void
  /** Sends an interim response. Only Node's responses can, from Node 26.10. */
  writeInformation?(statusCode: number, headers: OutgoingHttpHeaders): void
}

/** The response to a request of the web platform, as functions among the options receive it. */
export interface ResponseHead {
  /** Headers of the response, which the router completes. */
  readonly headers: Headers
}

/** The response that functions among the options receive with a request of this type. */
export type ResponseOf<Req> = Req extends Request
  ? ResponseHead
  : Req extends IncomingMessage
    ? ServerResponse
    : HttpResponse
