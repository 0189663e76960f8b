import {
  type CallOptions,
  decodePosition,
  type HiddenFilePage,
  isName,
  type ListHiddenFilesCallOptions,
  pageAfter,
} from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { rangeOf } from './ranges.js'
import * as scripts from './scripts/hidden-files.js'

export async function putHiddenFile(
  connection: Connection,
  container: string,
  name: string,
  bytes: Uint8Array,
  { signal }: CallOptions,
): Promise<void> {
  await connection.script(signal, scripts.putHiddenFile, [container, name, bytes])
}

export async function readHiddenFile(
  connection: Connection,
  container: string,
  name: string,
  { signal }: CallOptions,
): Promise<Uint8Array> {
  return (await connection.script(signal, scripts.readHiddenFile, [container, name])) as Buffer
}

export async function listHiddenFiles(
  connection: Connection,
  container: string,
  { prefix, limit, next, signal }: ListHiddenFilesCallOptions,
): Promise<HiddenFilePage> {
  const after = decodePosition(next, isName)
  const args = [container, ...rangeOf(prefix, after), String(limit + 1)]
  const found = (await connection.script(signal, scripts.listHiddenFiles, args)) as Buffer[][]
  const files = found.map(([name, size, mtime]) => ({
    name: String(name),
    size: Number(String(size)),
    mtime: new Date(Number(String(mtime))),
  }))
  return pageAfter(files, ({ name }) => name, { limit, after })
}

export async function removeHiddenFiles(
  connection: Connection,
  container: string,
  names: readonly string[],
  { signal }: CallOptions,
): Promise<void> {
  await connection.script(signal, scripts.removeHiddenFiles, [container, ...names])
}
