/** Hidden files: blobs under the prefix of the provider's own blobs, which lists leave out. */
import {
  type CallOptions,
  decodePosition,
  defined,
  encodePosition,
  type HiddenFilePage,
  inParallel,
  isName,
  type ListHiddenFilesCallOptions,
  StorageError,
} from '@stowage/core/provider'
import type { Account } from './client/account.js'
import { request } from './mapping/errors.js'
import { bookkeepingPrefix } from './mapping/names.js'

const hiddenPrefix = `${bookkeepingPrefix}hidden/`

/** Concurrent deletions. */
const parallelism = 8

export async function putHiddenFile(
  account: Account,
  container: string,
  name: string,
  bytes: Uint8Array,
  { signal }: CallOptions,
): Promise<void> {
  await request({ container }, () =>
    account.blob(container, hiddenPrefix + name).upload(bytes, bytes.length, { abortSignal: signal }),
  )
}

export async function readHiddenFile(
  account: Account,
  container: string,
  name: string,
  { signal }: CallOptions,
): Promise<Uint8Array> {
  return request({ container, file: name }, () =>
    account.blob(container, hiddenPrefix + name).downloadToBuffer(0, undefined, { abortSignal: signal }),
  )
}

export async function listHiddenFiles(
  account: Account,
  container: string,
  { prefix, limit, next, signal }: ListHiddenFilesCallOptions,
): Promise<HiddenFilePage> {
  const continuationToken = decodePosition(next, isName)
  const pages = account
    .container(container)
    .listBlobsFlat({ abortSignal: signal, prefix: hiddenPrefix + prefix })
    .byPage({ maxPageSize: limit, ...defined({ continuationToken }) })
  const { value, done } = await request({ container }, () => pages.next())
  // The SDK parses a response that is not a list as an empty list.
  if (done === true || value.containerName !== container) {
    throw new StorageError('BAD_RESPONSE', 'the response is not a list of the container')
  }
  const entries = value.segment.blobItems.map(({ name, properties }) => ({
    name: name.slice(hiddenPrefix.length),
    size: properties.contentLength ?? 0,
    mtime: properties.lastModified,
  }))
  return value.continuationToken ? { entries, next: encodePosition(value.continuationToken) } : { entries }
}

export async function removeHiddenFiles(
  account: Account,
  container: string,
  names: readonly string[],
  { signal }: CallOptions,
): Promise<void> {
  await inParallel(names, parallelism, (name) =>
    request({ container }, async () => {
      await account.blob(container, hiddenPrefix + name).deleteIfExists({ abortSignal: signal })
    }),
  )
}
