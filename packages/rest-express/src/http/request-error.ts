/**
 * A request that fails before a storage is involved: a wrong method, a timeout, or a refusal by the
 * application.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly statusCode: number
  readonly code: string
  /** Headers of the response, such as `Allow`. */
  readonly headers: Readonly<Record<string, string>>

  constructor(
    statusCode: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.statusCode = statusCode
    this.code = code
    this.headers = headers
  }
}
