/**
 * Conditional requests (RFC 9110, 13): the headers, their evaluation on reads in the order of
 * 13.2.2, and the conditions of writes.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { type FileInfo, isStorageError, StorageError, type StorageService, type WriteConditions } from '@stowage/core'

/** `*`, or entity tags as written in the header. */
type Tags = '*' | readonly string[]

/** The conditions of a request, without malformed dates, as the RFC requires. */
export interface RequestConditions {
  readonly ifMatch: Tags | undefined
  readonly ifNoneMatch: Tags | undefined
  readonly ifModifiedSince: number | undefined
  readonly ifUnmodifiedSince: number | undefined
}

const conditionHeaders = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'] as const

/** The conditions of a request; `undefined` if it has none. */
export function parseConditions(headers: IncomingHttpHeaders): RequestConditions | undefined {
  if (!conditionHeaders.some((name) => headers[name] !== undefined)) return undefined
  return {
    ifMatch: parseTags(headers['if-match']),
    ifNoneMatch: parseTags(headers['if-none-match']),
    ifModifiedSince: parseDate(headers['if-modified-since']),
    ifUnmodifiedSince: parseDate(headers['if-unmodified-since']),
  }
}

function parseTags(header: string | undefined): Tags | undefined {
  if (header === undefined) return undefined
  return header.trim() === '*' ? '*' : (header.match(/(?:W\/)?"[!#-~\x80-\xff]*"/g) ?? [])
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const month = `(?<month>${months.join('|')})`
const time = '(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d)'

/** The three date formats of HTTP (RFC 9110, 5.6.7). */
const dateForms = [
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d{2}) ${month} (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d{2})-${month}-(?<year>\\d{2}) ${time} GMT$`),
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
]

/**
 * Seconds since the epoch; `undefined` if the text is not an HTTP date, such as the 30th of
 * February.
 */
export function parseDate(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const parts = dateForms.map((form) => form.exec(header)?.groups).find((groups) => groups !== undefined)
  if (parts === undefined) return undefined
  const [day, hour, minute, second] = [parts['day'], parts['hour'], parts['minute'], parts['second']].map(Number)
  const date = new Date(0)
  date.setUTCFullYear(fullYear(parts['year'] ?? ''), months.indexOf(parts['month'] ?? ''), day)
  date.setUTCHours(hour ?? 0, minute, second)
  return date.getUTCDate() === day ? date.getTime() / 1000 : undefined
}

/**
 * The year. Two digits are the latest year with that ending that is at most 50 years ahead (RFC
 * 9110, 5.6.7).
 */
function fullYear(digits: string): number {
  const year = Number(digits)
  if (digits.length > 2) return year
  const latest = new Date().getUTCFullYear() + 50
  return latest - ((latest - year) % 100)
}

/** Seconds since the epoch, the precision of Last-Modified. */
export const lastModified = (time: Date): number => Math.floor(time.getTime() / 1000)

const strongMatch = (tags: Tags, etag: string) => tags === '*' || tags.includes(etag)

const weakMatch = (tags: Tags, etag: string) =>
  tags === '*' || tags.some((tag) => tag === etag || (tag.startsWith('W/') && tag.slice(2) === etag))

/** The result of a conditional read of this version: send it, unchanged (304), or refused (412). */
export function evaluateRead(
  conditions: RequestConditions,
  { etag, mtime }: Pick<FileInfo, 'etag' | 'mtime'>,
): 'send' | 'unchanged' | 'refused' {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions
  if (ifMatch !== undefined) {
    if (!strongMatch(ifMatch, etag)) return 'refused'
  } else if (ifUnmodifiedSince !== undefined && lastModified(mtime) > ifUnmodifiedSince) {
    return 'refused'
  }
  if (ifNoneMatch !== undefined) return weakMatch(ifNoneMatch, etag) ? 'unchanged' : 'send'
  if (ifModifiedSince !== undefined && lastModified(mtime) <= ifModifiedSince) return 'unchanged'
  return 'send'
}

export const preconditionFailed = (): StorageError =>
  new StorageError('PRECONDITION_FAILED', "the file does not match the request's conditions")

/**
 * The conditions of a write, for the storage to check, atomically if it can. Conditions that a
 * storage does not accept (several tags, a date) are compared with the current version here, and
 * the write is then tied to that version.
 */
export async function writeConditions(
  headers: IncomingHttpHeaders,
  storage: StorageService,
  container: string,
  file: string,
  signal?: AbortSignal,
): Promise<WriteConditions> {
  const conditions = parseConditions(headers)
  if (conditions === undefined) return {}
  const { ifMatch, ifNoneMatch, ifUnmodifiedSince } = conditions
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== '*' || ifMatch !== undefined) {
      throw new StorageError(
        'INVALID_ARGUMENT',
        'a write accepts If-None-Match: * (if missing) or If-Match, and no other combination',
      )
    }
    return { ifNoneMatch }
  }
  if (ifMatch === '*') return { ifMatch }
  const [tag, ...otherTags] = ifMatch ?? []
  if (tag !== undefined && otherTags.length === 0 && !tag.startsWith('W/')) return { ifMatch: tag }
  if (ifMatch === undefined && ifUnmodifiedSince === undefined) return {}
  try {
    const info = await storage.getFile(container, file, { signal })
    const matches =
      ifMatch === undefined ? lastModified(info.mtime) <= (ifUnmodifiedSince ?? 0) : strongMatch(ifMatch, info.etag)
    if (!matches) throw preconditionFailed()
    return { ifMatch: info.etag }
  } catch (error) {
    if (!isStorageError(error, 'FILE_NOT_FOUND')) throw error
    // A missing file has no date to compare (RFC 9110, 13.1.4), and no matching tag.
    if (ifMatch !== undefined) throw preconditionFailed()
    return { ifNoneMatch: '*' }
  }
}
