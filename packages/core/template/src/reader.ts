import { Readable } from 'node:stream'
import {
  checkReadConditions,
  type FileInfo,
  type OpenCallOptions,
  type OpenFile,
  type ReadCallOptions,
  resolveRange,
  smallBodySize,
} from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { translated } from './errors.js'
import { infoOf } from './info.js'

export async function getFile(
  { client }: Connection,
  container: string,
  file: string,
  { conditions, signal }: ReadCallOptions,
): Promise<FileInfo> {
  const object = await translated(client.getObject(container, file), { container, file, signal })
  const info = infoOf({ container, file }, object)
  checkReadConditions(info, conditions)
  return info
}

export async function openFile(
  { client }: Connection,
  container: string,
  file: string,
  { conditions, range, signal }: OpenCallOptions,
): Promise<OpenFile> {
  const object = await translated(client.getObject(container, file), { container, file, signal })
  const info = infoOf({ container, file }, object)
  checkReadConditions(info, conditions)
  const { offset, length } = resolveRange(range, info.size)
  const opened = { info, offset, length }
  const part = object.bytes.subarray(offset, offset + length)
  if (length <= smallBodySize) return { ...opened, bytes: Uint8Array.from(part) }
  return { ...opened, stream: Readable.from(chunksOf(part), { objectMode: false }) }
}

/** Stands in for the body of the service's response. */
function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += smallBodySize) yield bytes.slice(at, at + smallBodySize)
}
