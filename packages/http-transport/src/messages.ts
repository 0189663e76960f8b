/**
 * Requests and responses, without undici's types, which need newer compiler settings than
 * applications have.
 */
import type { Readable } from 'node:stream'

/** A body in memory or a stream. Streams are sent once, at their own pace. */
export type RequestBody = Uint8Array | AsyncIterable<Uint8Array>

export interface HttpRequest {
  readonly method: string
  /** `https://host[:port]` */
  readonly origin: string
  /** The path and the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: RequestBody | undefined
  readonly signal?: AbortSignal | undefined
  /**
   * Whether the request makes something visible. After its whole body was sent, aborting does not
   * stop it, because the service would still execute it. The response is awaited, so that the
   * caller learns the outcome.
   */
  readonly commits?: boolean | undefined
  /**
   * Milliseconds until the response begins, for requests that may take longer than the idle
   * timeout.
   */
  readonly responseTimeout?: number | undefined
  /**
   * Bytes: longer responses with the status 200 or 206 are streams. Default: no response is a
   * stream.
   */
  readonly streamFrom?: number | undefined
}

export type ResponseHeaders = Readonly<Record<string, string>>

export interface HttpResponse {
  readonly status: number
  readonly headers: ResponseHeaders
  /** A stream only if `streamFrom` allows it. */
  readonly body: Buffer | Readable
}
