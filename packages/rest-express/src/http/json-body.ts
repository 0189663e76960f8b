/**
 * Small bodies of parameters, as LoopBack's clients send them: JSON or a urlencoded form.
 */
import { StorageError } from '@stowage/core'
import { essence } from '../options.js'
import type { RequestContext } from '../routes/request-context.js'
import type { HttpRequest } from './messages.js'
import { checkContentCoding, RequestBody } from './request-body.js'

/** Bytes of a JSON or urlencoded body: 1,000 names of the maximum length fit. */
const maxBytes = 2 * 1024 * 1024

const wrongType = (expected: string) => new StorageError('TYPE_NOT_ALLOWED', `the body must be ${expected}`)

/** Reads the properties of a JSON object. */
export async function readJson(context: RequestContext): Promise<Record<string, unknown>> {
  const { req } = context
  const type = contentType(req)
  if (type !== 'application/json') throw wrongType('application/json')
  return parsedElsewhere(req) ?? parseJson(await readText(context))
}

/** Reads the properties of a JSON object, or of a urlencoded form. */
export async function readForm(context: RequestContext): Promise<Record<string, unknown>> {
  const { req } = context
  const type = contentType(req) ?? 'application/json'
  const urlencoded = type === 'application/x-www-form-urlencoded'
  if (!urlencoded && type !== 'application/json') {
    throw wrongType('application/json or application/x-www-form-urlencoded')
  }
  const parsed = parsedElsewhere(req)
  if (parsed !== undefined) return parsed
  const text = await readText(context)
  if (urlencoded) return Object.fromEntries(new URLSearchParams(text))
  return parseJson(text === '' ? '{}' : text)
}

function contentType(req: HttpRequest): string | undefined {
  const header = req.headers['content-type']
  return header === undefined ? undefined : essence(header)
}

/**
 * The body as `express.json()` or `express.urlencoded()` parsed it, if the application uses them
 * before its routes.
 */
function parsedElsewhere(req: HttpRequest): Record<string, unknown> | undefined {
  if (!req.readableDidRead || !('body' in req)) return undefined
  return asObject(req.body)
}

export async function readText({ req, res, rules }: RequestContext): Promise<string> {
  checkContentCoding(req)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of new RequestBody(req, res, rules.upload.idleTimeout)) {
    length += chunk.length
    if (length > maxBytes) throw new StorageError('TOO_LARGE', `the body must be at most ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new StorageError('INVALID_ARGUMENT', 'the body is not UTF-8')
  }
}

function parseJson(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new StorageError('INVALID_ARGUMENT', 'the body is not JSON')
  }
  return asObject(value)
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new StorageError('INVALID_ARGUMENT', 'the body must be an object')
}
