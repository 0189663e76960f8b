/** Hidden files: objects under a prefix that no file's key has, and that lists leave out. */
import type { Readable } from 'node:stream'
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import {
  type CallOptions,
  decodePosition,
  defined,
  encodePosition,
  type HiddenFilePage,
  isName,
  type ListHiddenFilesCallOptions,
  readSmallBody,
} from '@stowage/core/provider'
import type { Connection } from './client/connection.js'
import { wholeSeconds } from './client/responses.js'
import { explain } from './mapping/errors.js'
import { decodeKey, hiddenPrefix } from './mapping/names.js'
import { removeKeys } from './remover.js'

const keyOf = (name: string) => hiddenPrefix + name

export async function putHiddenFile(
  connection: Connection,
  container: string,
  name: string,
  bytes: Uint8Array,
  { signal }: CallOptions,
): Promise<void> {
  const address = { Bucket: container, Key: keyOf(name) }
  const command = new PutObjectCommand({
    ...address,
    ...connection.customerKey,
    Body: bytes,
    ContentLength: bytes.length,
  })
  await connection.send(command, signal, { container })
}

export async function readHiddenFile(
  connection: Connection,
  container: string,
  name: string,
  { signal }: CallOptions,
): Promise<Uint8Array> {
  const command = new GetObjectCommand({ Bucket: container, Key: keyOf(name), ...connection.customerKey })
  const { Body, ContentLength = 0 } = await connection.send(command, signal, { container, file: name })
  return readSmallBody(Body as Readable, ContentLength, signal, (error) => explain(error, {}))
}

export async function listHiddenFiles(
  connection: Connection,
  container: string,
  { prefix, limit, next, signal }: ListHiddenFilesCallOptions,
): Promise<HiddenFilePage> {
  const token = decodePosition(next, isName)
  const command = new ListObjectsV2Command({
    Bucket: container,
    MaxKeys: limit,
    EncodingType: 'url',
    Prefix: keyOf(prefix),
    ...defined({ ContinuationToken: token }),
  })
  const response = await connection.send(command, signal, { container })
  const entries = (response.Contents ?? []).map(({ Key = '', Size = 0, LastModified }) => ({
    name: decodeKey(Key).slice(hiddenPrefix.length),
    size: Size,
    mtime: wholeSeconds(LastModified),
  }))
  return response.IsTruncated && response.NextContinuationToken
    ? { entries, next: encodePosition(response.NextContinuationToken) }
    : { entries }
}

export async function removeHiddenFiles(
  connection: Connection,
  container: string,
  names: readonly string[],
  { signal }: CallOptions,
): Promise<void> {
  const [only] = names
  if (names.length === 1 && only !== undefined) {
    await connection.send(new DeleteObjectCommand({ Bucket: container, Key: keyOf(only) }), signal, { container })
    return
  }
  const failed = await removeKeys(connection, container, names.map(keyOf), signal)
  for (const error of failed.values()) throw error
}

/** Deletes all hidden files, so that the container can be deleted. */
export async function removeAllHiddenFiles(
  connection: Connection,
  container: string,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { entries, next } = await listHiddenFiles(connection, container, { prefix: '', limit: 1000, signal })
    if (entries.length > 0) {
      const names = entries.map(({ name }) => name)
      await removeHiddenFiles(connection, container, names, { signal })
    }
    if (next === undefined) return
  }
}
