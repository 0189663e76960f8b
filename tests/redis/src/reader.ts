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

interface Span {
  readonly offset: number
  readonly length: number
}

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
  for (;;) {
    const { info, version } = await find(connection, container, file, signal)
    checkReadConditions(info, conditions)
    const { offset, length } = resolveRange(range, info.size)
    const opened = { info, offset, length }
    if (length > smallBodySize) {
      const pieces = contentOf(connection, version, opened, signal)
      return { ...opened, stream: Readable.from(pieces, { objectMode: false, highWaterMark: 1 }) }
    }
    if (length === 0) return { ...opened, bytes: new Uint8Array() }
    // A version that was replaced since it was found is gone: the file is then opened again.
    const bytes = await readPiece(connection, version, opened, signal)
    if (bytes !== undefined) return { ...opened, bytes }
  }
}

async function find(connection: Connection, container: string, file: string, signal: AbortSignal): Promise<StoredFile> {
  return storedFile(container, file, await connection.script(signal, scripts.getFile, [container, file]))
}

/** The content of a version, in pieces. It is never changed, only deleted. */
async function* contentOf(
  connection: Connection,
  version: string,
  { offset, length }: Span,
  signal: AbortSignal,
): AsyncGenerator<Buffer, undefined> {
  const end = offset + length
  for (let at = offset; at < end; at += pieceSize) {
    const piece = await readPiece(connection, version, { offset: at, length: Math.min(pieceSize, end - at) }, signal)
    if (piece === undefined) throw new StorageError('CONNECTION_LOST', 'the version was replaced or deleted')
    yield piece
  }
}

/** Bytes of a version, or `undefined` if it was deleted. */
async function readPiece(
  connection: Connection,
  version: string,
  { offset, length }: Span,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const piece = await connection
    .run(signal, (client) => client.getRange(`${connection.prefix}:content:${version}`, offset, offset + length - 1))
    .catch((error: unknown) => {
      throw errorOf(error)
    })
  return piece === null || piece.length < length ? undefined : (piece as unknown as Buffer)
}
