/**
 * What the page says about an upload that failed.
 */
import type { DetailedError } from 'tus-js-client'
import { type ApiError, errorOf, wordsOf } from '../storage/api.ts'

/** The server's message, as a sentence. */
export const wordsOfUpload = (error: ApiError): string =>
  error.statusCode === 412 ? 'A file with this name already exists.' : wordsOf(error)

/** The status of the response to a tus request; 0 if there was none. */
export const statusOf = (error: Error | DetailedError): number => responseOf(error)?.getStatus() ?? 0

/** The server's message in an error of tus, whose own message is for programmers. */
export const wordsOfTus = (error: Error | DetailedError): string =>
  wordsOfUpload(errorOf(statusOf(error), responseOf(error)?.getBody() ?? ''))

const responseOf = (error: Error | DetailedError) => ('originalResponse' in error ? error.originalResponse : null)

/** The request that failed; Uppy attaches it to the error. */
export function requestOf(error: unknown): { readonly status: number; readonly responseText: string } {
  const request = error instanceof Error && 'request' in error ? error.request : undefined
  return request instanceof XMLHttpRequest ? request : { status: 0, responseText: '' }
}
