/**
 * A request that is refused where no storage is involved: a wrong method, a client that fell silent, or what an application's hook asked
 * for.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly statusCode: number
  readonly code: string
  /** Headers of the answer, such as `Allow`. */
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
