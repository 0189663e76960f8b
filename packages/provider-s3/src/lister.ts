import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import {
  compareNames,
  decodePosition,
  encodePosition,
  type FileEntry,
  type FilePage,
  type FolderEntry,
  type ListFilesCallOptions,
} from '@stowage/core/provider'
import { type Connection, quoted, wholeSeconds } from './connection.js'
import { isPosition } from './list-position.js'
import { decodeKey, escapeName, keyPrefixOf, nameOf } from './names.js'

/**
 * The key to go on behind, for a list with a delimiter. Ceph takes a key that ends with the delimiter for a folder, and leaves
 * out everything in it, also when it is a file's, as that of a folder's placeholder is in the folder's own list. The next
 * greater key that could be a file's is no such key.
 */
function behind(key: string, prefix: string, delimiter: string | undefined): string {
  const isFile = delimiter !== undefined && key.endsWith(delimiter) && key.indexOf(delimiter, prefix.length) === -1
  return isFile ? `${key}\t` : key
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
  const answer = await connection.send(
    new ListObjectsV2Command({
      Bucket: container,
      MaxKeys: limit,
      // Keys may hold characters that XML can't.
      EncodingType: 'url',
      Prefix: prefix,
      ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
      ...(kind === 'token' ? { ContinuationToken: value } : {}),
      ...(after === undefined || kind === 'token' ? {} : { StartAfter: behind(after, prefix, delimiter) }),
    }),
    signal,
    { container },
  )
  const files = (answer.Contents ?? []).map(
    ({ Key = '', Size = 0, LastModified, ETag }): FileEntry => ({
      container,
      name: nameOf(decodeKey(Key)),
      size: Size,
      mtime: wholeSeconds(LastModified),
      ...(ETag ? { etag: quoted(ETag) } : {}),
    }),
  )
  const folders = (answer.CommonPrefixes ?? [])
    .map(({ Prefix = '' }): FolderEntry => ({ container, name: nameOf(decodeKey(Prefix)), folder: true }))
    // A folder that begins before the place where the list starts is shown by the service for what it holds behind it.
    .filter(({ name }) => startAfter === undefined || compareNames(name, startAfter) > 0)
  const found = folders.length === 0 ? files : [...files, ...folders].toSorted((a, b) => compareNames(a.name, b.name))
  const entries = found.filter(({ name }) => name.startsWith(options.prefix))
  if (!answer.IsTruncated || !answer.NextContinuationToken) return { entries }
  const last = found.at(-1)
  const lastKey = last === undefined || last.folder ? undefined : escapeName(last.name)
  return lastKey !== undefined && behind(lastKey, prefix, delimiter) !== lastKey
    ? { entries, next: encodePosition(['after', lastKey]) }
    : { entries, next: encodePosition(['token', answer.NextContinuationToken]) }
}
