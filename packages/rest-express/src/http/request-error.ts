/** The type of a problem (RFC 9457, 3.1.1), its title and its extension members. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly [member: string]: string | number
}

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
  /** The problem type and its members, if the error has a type of its own. */
  readonly problem: Problem | undefined

  constructor(
    statusCode: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    cause?: unknown,
    problem?: Problem,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.statusCode = statusCode
    this.code = code
    this.headers = headers
    this.problem = problem
  }
}
