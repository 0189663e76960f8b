/**
 * Names in the path, taken from the raw request target and decoded once, only here. Authorization,
 * validation and the storage receive the same names.
 */
import { StorageError } from '@stowage/core'

/** A path below the mount point of the router. */
export interface StoragePath {
  /** As in the table of routes, such as `/:container/files/*file`. */
  readonly pattern: string
  readonly container: string | undefined
  readonly file: string | undefined
  /** The number of a part, where the pattern has one. Not checked. */
  readonly part?: string
  /** The text after the question mark, not decoded. */
  readonly query: string
}

/**
 * Splits a request target (RFC 9112, 3.2) at its first two slashes and decodes the two names. A
 * file's name is the whole rest. Slashes (also as `%2F`, repeated, or at the end) and dots have no
 * other meaning there. Throws `INVALID_NAME` if a name is not percent-encoded UTF-8.
 */
export function parsePath(target: string): StoragePath {
  const { path, query } = splitTarget(target)
  const containerEnd = path.indexOf('/', 1)
  const rawContainer = containerEnd === -1 ? path.slice(1) : path.slice(1, containerEnd)
  if (containerEnd === -1 && rawContainer === '') return { pattern: '/', container: undefined, file: undefined, query }
  const container = decodeName(rawContainer, 'container')
  if (containerEnd === -1 || containerEnd === path.length - 1) {
    return { pattern: '/:container', container, file: undefined, query }
  }
  const verbEnd = path.indexOf('/', containerEnd + 1)
  const verb = path.slice(containerEnd + 1, verbEnd === -1 ? undefined : verbEnd)
  if (verbEnd === -1 || verbEnd === path.length - 1) {
    return { pattern: `/:container/${verb}`, container, file: undefined, query }
  }
  const rest = path.slice(verbEnd + 1)
  if (verb === 'direct') return { ...directPath(rest), container, query }
  const file = decodeName(rest, 'file')
  return { pattern: `/:container/${verb}/*file`, container, file, query }
}

/** Finds the pattern of a path below `/:container/direct`. The file is the ticket. */
function directPath(rest: string): Pick<StoragePath, 'pattern' | 'file' | 'part'> {
  const pattern = (path: string) => `/:container/direct/${path}`
  const [first = '', second, ...more] = rest.split('/')
  if (first === 'signed' && second !== undefined && more.length === 0) {
    return { pattern: pattern('signed/:ticket'), file: second }
  }
  if (first === 's3') return s3Path(second, more)
  if (first === 'sign' || more.length > 0) return { pattern: pattern(rest), file: undefined }
  return { pattern: pattern(second === undefined ? ':ticket' : `:ticket/${second}`), file: first }
}

/** The paths of clients for S3: `s3/params`, and below `s3/multipart`. */
function s3Path(kind: string | undefined, [ticket, verb, ...more]: readonly string[]) {
  const base = `/:container/direct/s3/${kind}`
  if (ticket === undefined || kind !== 'multipart') return { pattern: base, file: undefined }
  if (verb === undefined) return { pattern: `${base}/:ticket`, file: ticket }
  const isNumber = /^\d+$/.test(verb) && more.length === 0
  if (isNumber) return { pattern: `${base}/:ticket/:partNumber`, file: ticket, part: verb }
  return { pattern: `${base}/:ticket/${[verb, ...more].join('/')}`, file: ticket }
}

function splitTarget(target: string): { path: string; query: string } {
  const start = target.startsWith('/') ? 0 : pathStart(target)
  const mark = target.indexOf('?', start)
  const path = mark === -1 ? target.slice(start) : target.slice(start, mark)
  // A fragment is never sent (RFC 9110, 7.1), and programs interpret a `#` in a target differently,
  // so it is refused.
  if (path.includes('#')) throw new StorageError('INVALID_NAME', 'a "#" in the path must be encoded as %23')
  return { path: path === '' ? '/' : path, query: mark === -1 ? '' : target.slice(mark + 1) }
}

/** Where the path begins in an absolute-form target: `http://host/path`. */
export function pathStart(target: string): number {
  const match = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target)
  return match === null ? 0 : match[0].length
}

function decodeName(raw: string, kind: 'container' | 'file'): string {
  if (!/[^!-$&-~]/.test(raw)) return raw
  try {
    // Node's parser accepts only ASCII. An application that rewrites `req.url` must not add other
    // ways to write a name.
    if (/^[!-~]*$/.test(raw)) return decodeURIComponent(raw)
  } catch {
    // Malformed percent-encoding, or bytes that are not UTF-8.
  }
  throw new StorageError('INVALID_NAME', `the ${kind} name in the path is not percent-encoded UTF-8`)
}
