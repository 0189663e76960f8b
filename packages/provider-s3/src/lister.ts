import { ListBucketsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import {
  type ContainerPage,
  compareNames,
  type FileEntry,
  type FilePage,
  type FolderEntry,
  type ListCallOptions,
  type ListFilesCallOptions,
  StorageError,
} from '@stowage/core/provider'
import { type Connection, quoted, wholeSeconds } from './connection.js'
import { decodeKey, escapeName, keyPrefixOf, nameOf } from './names.js'

/** Where a list goes on: the service's own token, or the last name when it gives everything at once. */
type Position = readonly ['token' | 'after', string]

const encodeNext = (position: Position) => Buffer.from(JSON.stringify(position)).toString('base64url')

/** What {@link encodeNext} made; `INVALID_ARGUMENT` for anything else. */
export function decodeNext<T extends readonly string[]>(next: string, kinds: readonly string[], length: number): T {
  try {
    const position: unknown = JSON.parse(Buffer.from(next, 'base64url').toString())
    const known =
      Array.isArray(position) &&
      position.length === length &&
      position.every((part) => typeof part === 'string') &&
      kinds.includes(position[0] as string)
    if (known) return position as unknown as T
  } catch {
    // Not JSON: the same error as for what is, and is not ours.
  }
  throw new StorageError('INVALID_ARGUMENT', 'the cursor is not one of a page before', {
    details: { property: 'cursor' },
  })
}

export async function listContainers(
  connection: Connection,
  { signal, limit, next }: ListCallOptions,
): Promise<ContainerPage> {
  const [kind, value] = next === undefined ? [] : decodeNext<Position>(next, ['token', 'after'], 2)
  const answer = await connection.send(
    new ListBucketsCommand({ MaxBuckets: limit, ...(kind === 'token' ? { ContinuationToken: value } : {}) }),
    signal,
    {},
  )
  const containers = (answer.Buckets ?? [])
    .map(({ Name: name = '', CreationDate }) => ({ name, ...(CreationDate ? { created: CreationDate } : {}) }))
    .toSorted((a, b) => compareNames(a.name, b.name))
  if (answer.ContinuationToken) return { entries: containers, next: encodeNext(['token', answer.ContinuationToken]) }
  // Most services do not know pages of containers, and give all.
  const rest = kind === 'after' ? containers.filter(({ name }) => compareNames(name, value ?? '') > 0) : containers
  const entries = rest.slice(0, limit)
  const last = entries.at(-1)
  return rest.length > limit && last !== undefined ? { entries, next: encodeNext(['after', last.name]) } : { entries }
}

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
  const [kind, value] = next === undefined ? [] : decodeNext<Position>(next, ['token', 'after'], 2)
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
    ? { entries, next: encodeNext(['after', lastKey]) }
    : { entries, next: encodeNext(['token', answer.NextContinuationToken]) }
}
