/** What cases expect of responses. */
import type { Response } from '../http/exchange.js'

/** What a server did is not what a case expects. */
export class CaseFailure extends Error {}

/** Fails the case unless the response has one of the statuses. */
export function expectStatus(response: Response, ...statuses: readonly number[]): Response {
  if (statuses.includes(response.status)) return response
  throw new CaseFailure(`${response.request}: ${response.status}, expected ${statuses.join(' or ')}`)
}

/** Fails the case unless the status is of the class 2xx. */
export function expectSuccess(response: Response): Response {
  if (response.status >= 200 && response.status <= 299) return response
  throw new CaseFailure(`${response.request}: ${response.status}, expected a success`)
}

/** Fails the case unless the request is refused with a status of the class 4xx. */
export function expectRefusal(response: Response): Response {
  if (response.status >= 400 && response.status <= 499) return response
  throw new CaseFailure(`${response.request}: ${response.status}, expected a status from 400 to 499`)
}

/** Fails the case unless a header has a value; `undefined`: unless it is missing. */
export function expectHeader(response: Response, name: string, expected: string | undefined): Response {
  const actual = response.headers.get(name)
  if (actual === expected) return response
  const show = (value: string | undefined) => (value === undefined ? 'missing' : `"${value}"`)
  throw new CaseFailure(`${response.request}: ${response.status} with ${name} ${show(actual)}, not ${show(expected)}`)
}

/** Returns a header. Fails the case if it is missing. */
export function requireHeader(response: Response, name: string): string {
  const value = response.headers.get(name)
  if (value === undefined) throw new CaseFailure(`${response.request}: ${response.status} without ${name}`)
  return value
}

/** Fails the case with a message unless the condition holds. */
export function expect(condition: boolean, message: string): void {
  if (!condition) throw new CaseFailure(message)
}
