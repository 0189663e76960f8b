/**
 * Requests and responses. Nothing of undici is in them: its types ask for more than applications'
 * compilers have.
 */
import type { Readable } from 'node:stream'

/** Streams are sent once and at their own pace. */
export type RequestBody = Uint8Array | AsyncIterable<Uint8Array>

export interface HttpRequest {
  readonly method: string
  /** `https://host[:port]` */
  readonly origin: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: RequestBody | undefined
  readonly signal?: AbortSignal | undefined
  /**
   * For requests that make something visible: once the service has all of it, aborting no longer
   * stops it, since the service would not stop either. The response is waited for, so that the
   * caller learns what happened.
   */
  readonly commits?: boolean | undefined
  /**
   * Milliseconds until the response begins, for requests that may take longer than the idle
   * timeout.
   */
  readonly responseTimeout?: number | undefined
  /**
   * Responses with more than so many bytes come as a stream, when their status is 200 or 206.
   * Default: none do.
   */
  readonly streamFrom?: number | undefined
}

export type ResponseHeaders = Readonly<Record<string, string>>

export interface HttpResponse {
  readonly status: number
  readonly headers: ResponseHeaders
  /** A stream only where `streamFrom` allowed one. */
  readonly body: Buffer | Readable
}
