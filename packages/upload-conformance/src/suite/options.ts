import type { RequestHeaders } from '../http/exchange.js'

/** How the suite reaches a server. */
export interface TargetOptions {
  /** Sent with every request, such as `Authorization`. */
  readonly headers?: RequestHeaders
  /**
   * The URL of a complete file: `{name}` is replaced by the file's name, and `{upload}` by the URL
   * of its upload. Without it, contents are not compared.
   */
  readonly content?: string | undefined
  /** Milliseconds for each response. Default: 30,000. */
  readonly timeout?: number | undefined
  /**
   * The value of `Upload-Draft-Interop-Version` in requests of the IETF's protocol. Without it,
   * they have none, as in the final text, and no server sends interim responses.
   */
  readonly interop?: number | undefined
}

/** Milliseconds. */
export const defaultTimeout = 30_000
