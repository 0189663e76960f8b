/**
 * JSON as clients of the storage component parse it: the properties that it had come first, in its order.
 */
import type { ServerResponse } from 'node:http'
import type { ContainerInfo, FileEntry, FileInfo, FolderEntry, WrittenFile } from '@stowage/core'
import { defaultCacheControl } from '../options.js'

/**
 * A Cache-Control that keeps middlewares and proxies from compressing a response (RFC 9111, 5.2.2.6). Wherever there
 * is a strong ETag, a length or a range, these are of the bytes as we send them.
 */
export function untransformed(cacheControl: string): string {
  if (/(?:^|,)[\t ]*no-transform[\t ]*(?:,|$)/i.test(cacheControl)) return cacheControl
  return cacheControl === '' ? 'no-transform' : `${cacheControl}, no-transform`
}

export const jsonHeaders = {
  'Content-Type': 'application/json; charset=utf-8',
  'Cache-Control': defaultCacheControl,
  'X-Content-Type-Options': 'nosniff',
} as const

/** Answers with JSON; without a body when the request was HEAD. */
export function sendJson(
  res: ServerResponse,
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

/** A file's facts; those of a write, such as whether it replaced a file, are told by the status. */
export function fileJson(file: FileInfo | WrittenFile): string {
  const { container, name, size, atime, mtime, ctime, replaced: _, ...more } = file as WrittenFile & FileInfo
  return JSON.stringify({ container, name, size, atime, mtime, ctime, ...more })
}

/** An entry of a list of files. Written by hand, since lists are long; `container` is the container's name in JSON. */
export function entryJson(entry: FileEntry | FolderEntry, container: string): string {
  const start = `{"container":${container},"name":${JSON.stringify(entry.name)}`
  if (entry.folder) return `${start},"folder":true}`
  const { size, atime, mtime, ctime, etag } = entry
  return `${start},"size":${size}${time('atime', atime)}${time('mtime', mtime)}${time('ctime', ctime)}${
    etag === undefined ? '' : `,"etag":${JSON.stringify(etag)}`
  }}`
}

const time = (name: string, date: Date | undefined) => (date === undefined ? '' : `,"${name}":"${isoText(date)}"`)

/** The last time that was written, and the second that it was in: files of a list often share them. */
let known = { time: Number.NaN, second: Number.NaN, toSecond: '', text: '' }

/** As `toISOString`, which costs more than all else that an entry takes. */
function isoText(date: Date): string {
  const time = date.getTime()
  if (time === known.time) return known.text
  const second = Math.floor(time / 1000)
  const toSecond = second === known.second ? known.toSecond : date.toISOString().slice(0, -'000Z'.length)
  const text = `${toSecond}${String(time - second * 1000).padStart(3, '0')}Z`
  known = { time, second, toSecond, text }
  return text
}
