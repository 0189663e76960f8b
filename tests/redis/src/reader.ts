import { Readable } from 'node:stream'
import {
  checkReadConditions,
  type FileInfo,
  type OpenCallOptions,
  type OpenFile,
  type ReadCallOptions,
  resolveRange,
  StorageError,
  smallBodySize,
} from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { errorOf } from './errors.js'
import { type StoredFile, storedFile } from './properties.js'
import * as scripts from './scripts/files.js'

/** Bytes of one request for content. */
const pieceSize = 512 * 1024

export async function getFile(
  connection: Connection,
  container: string,
  file: string,
  { conditions, signal }: ReadCallOptions,
): Promise<FileInfo> {
  const { info } = await find(connection, container, file, signal)
  checkReadConditions(info, conditions)
  return info
}

export async function openFile(
  connection: Connection,
  container: string,
  file: string,
  { conditions, range, signal }: OpenCallOptions,
): Promise<OpenFile> {
  const { info, version } = await find(connection, container, file, signal)
  checkReadConditions(info, conditions)
  const { offset, length } = resolveRange(range, info.size)
  const opened = { info, offset, length }
  const pieces = contentOf(connection, version, opened, signal)
  if (length > smallBodySize)
    return { ...opened, stream: Readable.from(pieces, { objectMode: false, highWaterMark: 1 }) }
  const { value } = await pieces.next()
  return { ...opened, bytes: value ?? new Uint8Array() }
}

async function find(connection: Connection, container: string, file: string, signal: AbortSignal): Promise<StoredFile> {
  return storedFile(container, file, await connection.script(signal, scripts.getFile, [container, file]))
}

/** A version's content is never changed, only deleted. */
async function* contentOf(
  connection: Connection,
  version: string,
  { offset, length }: { readonly offset: number; readonly length: number },
  signal: AbortSignal,
): AsyncGenerator<Buffer, undefined> {
  const key = `${connection.prefix}:content:${version}`
  const end = offset + length
  for (let at = offset; at < end; at += pieceSize) {
    const last = Math.min(at + pieceSize, end) - 1
    const piece = await connection
      .run(signal, (client) => client.getRange(key, at, last))
      .catch((error: unknown) => {
        throw errorOf(error)
      })
    if (piece === null || piece.length <= last - at)
      throw new StorageError('CONNECTION_LOST', 'the version was replaced or deleted')
    yield piece as unknown as Buffer
  }
}
