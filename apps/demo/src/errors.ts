/**
 * Error responses to requests that reach no storage, in the form of the storages' routes.
 */
import { STATUS_CODES } from 'node:http'
import type { ErrorRequestHandler, Response } from 'express'

export function sendError(response: Response, statusCode: number, code: string, message: string): void {
  response.status(statusCode).json({ error: { statusCode, name: 'Error', message, code } })
}

/**
 * Errors of Express, such as for a path that cannot be decoded, have a status. Any other error is a
 * bug.
 */
export const lastResort: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) {
    next(error)
    return
  }
  const statusCode = statusOf(error)
  if (statusCode >= 500) console.error(error)
  sendError(response, statusCode, statusCode >= 500 ? 'INTERNAL' : 'BAD_REQUEST', STATUS_CODES[statusCode] ?? 'Error')
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  return typeof status === 'number' && status >= 400 && status <= 499 ? status : 500
}
