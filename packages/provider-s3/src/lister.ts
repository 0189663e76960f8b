import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
} from '@aws-sdk/client-s3'
import {
  compareNames,
  decodePosition,
  defined,
  encodePosition,
  type FileEntry,
  type FilePage,
  type FolderEntry,
  type ListFilesCallOptions,
} from '@stowage/core/provider'
import type { Connection } from './client/connection.js'
import { quoted, wholeSeconds } from './client/responses.js'
import { afterHiddenFiles, decodeKey, escapeName, isHidden, keyPrefixOf, nameOf } from './mapping/names.js'

/**
 * Where a page of a list begins: at the service's token, or after a name if the service returns
 * everything at once.
 */
export type ListPosition = readonly [kind: 'token' | 'after', value: string]

/** Returns whether a value is a position in a list. */
export const isPosition = (value: unknown): value is ListPosition =>
  Array.isArray(value) &&
  value.length === 2 &&
  (value[0] === 'token' || value[0] === 'after') &&
  typeof value[1] === 'string'

/**
 * Returns the `StartAfter` for a list that continues after a key. In a list with a delimiter, Ceph
 * treats a key that ends with the delimiter as a folder and leaves out everything in it, even if
 * the key is a file, such as a folder's placeholder in the folder's own list. The key that is
 * returned is then the next one that could be a file's, and does not end with the delimiter.
 */
function startAfterKey(key: string, prefix: string, delimiter: string | undefined): string {
  const isFile = delimiter !== undefined && key.endsWith(delimiter) && key.indexOf(delimiter, prefix.length) === -1
  return isFile ? `${key}\t` : key
}

/**
 * Leaves hidden files out of a page of the service. They follow each other, so the page goes on
 * after all of them.
 */
async function withoutHiddenFiles(
  page: ListObjectsV2CommandOutput,
  limit: number,
  listAfter: (maxKeys: number) => Promise<ListObjectsV2CommandOutput>,
): Promise<ListObjectsV2CommandOutput> {
  const files = page.Contents ?? []
  const folders = page.CommonPrefixes ?? []
  const seenFiles = files.filter(({ Key = '' }) => !isHidden(decodeKey(Key)))
  const seenFolders = folders.filter(({ Prefix = '' }) => !isHidden(decodeKey(Prefix)))
  const seen = seenFiles.length + seenFolders.length
  if (seen === files.length + folders.length) return page
  const before = <T>(entries: readonly T[], key: (entry: T) => string | undefined) =>
    entries.filter((entry) => compareNames(decodeKey(key(entry) ?? ''), afterHiddenFiles) < 0)
  const filesBefore = before(seenFiles, ({ Key }) => Key)
  const foldersBefore = before(seenFolders, ({ Prefix }) => Prefix)
  const rest = await listAfter(limit - filesBefore.length - foldersBefore.length)
  return {
    ...rest,
    Contents: [...filesBefore, ...(rest.Contents ?? [])],
    CommonPrefixes: [...foldersBefore, ...(rest.CommonPrefixes ?? [])],
  }
}

/** Returns whether the container has a file. */
export async function holdsFiles(connection: Connection, container: string, signal: AbortSignal): Promise<boolean> {
  const { entries } = await listFiles(connection, container, { prefix: '', limit: 1, signal })
  return entries.length > 0
}

export async function listFiles(
  connection: Connection,
  container: string,
  options: ListFilesCallOptions,
): Promise<FilePage> {
  const { signal, limit, next, startAfter } = options
  const prefix = keyPrefixOf(options.prefix)
  const delimiter = options.delimiter === undefined ? undefined : keyPrefixOf(options.delimiter)
  const [kind, value] = decodePosition(next, isPosition) ?? []
  const first = startAfter === undefined || startAfter === '' ? undefined : escapeName(startAfter)
  const after = kind === 'after' ? value : first
  const list = async (from: Pick<ListObjectsV2CommandInput, 'ContinuationToken' | 'StartAfter'>, maxKeys: number) => {
    const command = new ListObjectsV2Command({
      Bucket: container,
      MaxKeys: maxKeys,
      // Keys may contain characters that XML cannot.
      EncodingType: 'url',
      Prefix: prefix,
      ...defined({ Delimiter: delimiter }),
      ...from,
    })
    return connection.send(command, signal, { container })
  }
  const from =
    kind === 'token'
      ? { ContinuationToken: value }
      : defined({ StartAfter: after === undefined ? undefined : startAfterKey(after, prefix, delimiter) })
  const response = await withoutHiddenFiles(await list(from, limit), limit, (maxKeys) =>
    list({ StartAfter: afterHiddenFiles }, maxKeys),
  )
  const files = (response.Contents ?? []).map(
    ({ Key = '', Size = 0, LastModified, ETag }): FileEntry => ({
      container,
      name: nameOf(decodeKey(Key)),
      size: Size,
      mtime: wholeSeconds(LastModified),
      ...defined({ etag: ETag ? quoted(ETag) : undefined }),
    }),
  )
  const folders = (response.CommonPrefixes ?? [])
    .map(({ Prefix = '' }): FolderEntry => ({ container, name: nameOf(decodeKey(Prefix)), folder: true }))
    // The service includes a folder whose name is before the start of the list, if it contains
    // later files.
    .filter(({ name }) => startAfter === undefined || compareNames(name, startAfter) > 0)
  const found = folders.length === 0 ? files : [...files, ...folders].toSorted((a, b) => compareNames(a.name, b.name))
  const entries = found.filter(({ name }) => name.startsWith(options.prefix))
  if (!response.IsTruncated || !response.NextContinuationToken) return { entries }
  const last = found.at(-1)
  const lastKey = last === undefined || last.folder ? undefined : escapeName(last.name)
  return lastKey !== undefined && startAfterKey(lastKey, prefix, delimiter) !== lastKey
    ? { entries, next: encodePosition(['after', lastKey]) }
    : { entries, next: encodePosition(['token', response.NextContinuationToken]) }
}
