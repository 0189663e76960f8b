/**
 * Downloads that nginx sends: the response has no body, and names the file in `X-Accel-Redirect`.
 */
import type { OutgoingHttpHeaders } from 'node:http'
import type { ByteRange, StorageService } from '@stowage/core'
import type { HttpRequest, HttpResponse } from '../http/messages.js'
import { parseRange } from './ranges.js'

/**
 * Bytes: the router itself sends files and ranges up to this size, because it has them in memory.
 */
const smallBytes = 65_536

/** What the filesystem provider offers as `native`. */
interface FilesystemNative {
  readonly root: string
  pathOf(container: string, file: string): string
}

/**
 * The filesystem provider's own interface, or `undefined` for another provider. A provider that
 * wraps it may change the bytes.
 */
export function filesystemOf({ provider }: StorageService): FilesystemNative | undefined {
  const { name, native } = provider
  return name === 'filesystem' && typeof native === 'object' && native !== null && 'pathOf' in native
    ? (native as FilesystemNative)
    : undefined
}

/**
 * Whether nginx evaluates the request as the router does. It compares ETags with its own only, so
 * it gets no request with these conditions.
 */
export const mayRedirect = ({ headers }: HttpRequest): boolean =>
  ['if-match', 'if-unmodified-since', 'if-range'].every((name) => headers[name] === undefined)

/**
 * Whether nginx should send the bytes that the request asks for. It gets no range that the router
 * refuses or ignores.
 */
export function isWorthRedirecting({ headers }: HttpRequest, size: number): boolean {
  if (headers.range === undefined) return size > smallBytes
  const range = parseRange(headers.range)
  return range !== undefined && lengthOf(range, size) > smallBytes
}

/** The number of bytes in the range; 0 or less if it is not in the file. */
function lengthOf(range: ByteRange, size: number): number {
  if (range.suffix !== undefined) return Math.min(range.suffix, size)
  return Math.min(range.end ?? size - 1, size - 1) - range.start + 1
}

/** The path of a file below nginx's location, whose `alias` is the storage's root. */
export function redirectPath(filesystem: FilesystemNative, container: string, file: string, location: string): string {
  const { root } = filesystem
  const path = filesystem.pathOf(container, file).slice(root === '/' ? 1 : root.length + 1)
  return location + path.split('/').map(encodeURIComponent).join('/')
}

/** Sends the head. nginx sets the status, the length and the range, and adds `Accept-Ranges`. */
export function sendRedirect(res: HttpResponse, headers: OutgoingHttpHeaders, path: string): void {
  const { 'Accept-Ranges': _, ...others } = headers
  res.writeHead(200, { ...others, 'Content-Length': 0, 'X-Accel-Redirect': path })
  res.end()
}
