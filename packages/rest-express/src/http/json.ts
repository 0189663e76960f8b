/**
 * JSON responses, as clients of LoopBack's storage component expect them: its properties come
 * first, in its order.
 */
import type { ContainerInfo, FileEntry, FileInfo, FolderEntry, WrittenFile } from '@stowage/core'
import type { HttpResponse } from './messages.js'

/**
 * Adds `no-transform` to a Cache-Control, which keeps middlewares and proxies from compressing the
 * response (RFC 9111, 5.2.2.6). A strong ETag, a length and a range describe the bytes as sent.
 */
export function untransformed(cacheControl: string): string {
  if (/(?:^|,)[\t ]*no-transform[\t ]*(?:,|$)/i.test(cacheControl)) return cacheControl
  return cacheControl === '' ? 'no-transform' : `${cacheControl}, no-transform`
}

export const jsonHeaders = {
  'Content-Type': 'application/json; charset=utf-8',
  // Not the default of downloads: lists and file information are current in any case.
  'Cache-Control': 'private, no-cache',
  'X-Content-Type-Options': 'nosniff',
} as const

/** Responds with JSON; without a body to HEAD. */
export function sendJson(
  res: HttpResponse,
  statusCode: number,
  json: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const length = Buffer.byteLength(json)
  const caching = 'ETag' in headers ? { 'Cache-Control': untransformed(jsonHeaders['Cache-Control']) } : undefined
  res.writeHead(statusCode, { ...jsonHeaders, ...caching, 'Content-Length': length, ...headers })
  res.end(res.req.method === 'HEAD' ? undefined : json)
}

export function containerJson({ name, size, atime, mtime, ctime, ...more }: ContainerInfo): string {
  return JSON.stringify({ name, size, atime, mtime, ctime, ...more })
}

/** A file's information. Whether a write replaced a file is expressed by the status instead. */
export function fileJson(file: FileInfo | WrittenFile): string {
  const { container, name, size, atime, mtime, ctime, replaced: _, ...more } = file as WrittenFile & FileInfo
  return JSON.stringify({ container, name, size, atime, mtime, ctime, ...more })
}

/**
 *
 * An entry of a list of files. Concatenated for speed, since lists are long.
 *
 *
 *
 * @param container The name of the container, in JSON.
 *
 */
export function entryJson(entry: FileEntry | FolderEntry, container: string): string {
  const start = `{"container":${container},"name":${JSON.stringify(entry.name)}`
  if (entry.folder) return `${start},"folder":true}`
  const { size, atime, mtime, ctime, etag } = entry
  return `${start},"size":${size}${time('atime', atime)}${time('mtime', mtime)}${time('ctime', ctime)}${
    etag === undefined ? '' : `,"etag":${JSON.stringify(etag)}`
  }}`
}

const time = (name: string, date: Date | undefined) => (date === undefined ? '' : `,"${name}":"${isoText(date)}"`)

/** The last time that was formatted, and its second: files of a list often share them. */
let known = { time: Number.NaN, second: Number.NaN, toSecond: '', text: '' }

/** Like `toISOString`, which costs more than the rest of an entry. */
function isoText(date: Date): string {
  const time = date.getTime()
  if (time === known.time) return known.text
  const second = Math.floor(time / 1000)
  const toSecond = second === known.second ? known.toSecond : date.toISOString().slice(0, -'000Z'.length)
  const text = `${toSecond}${String(time - second * 1000).padStart(3, '0')}Z`
  known = { time, second, toSecond, text }
  return text
}
