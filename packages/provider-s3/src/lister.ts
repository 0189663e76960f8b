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
} from '@stowage/core'
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

export async function listFiles(
  connection: Connection,
  container: string,
  { signal, limit, next, prefix, delimiter, startAfter }: ListFilesCallOptions,
): Promise<FilePage> {
  const [, token] = next === undefined ? [] : decodeNext<Position>(next, ['token'], 2)
  const answer = await connection.send(
    new ListObjectsV2Command({
      Bucket: container,
      MaxKeys: limit,
      // Keys may hold characters that XML can't.
      EncodingType: 'url',
      Prefix: keyPrefixOf(prefix),
      ...(delimiter === undefined ? {} : { Delimiter: keyPrefixOf(delimiter) }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
      ...(startAfter === undefined || startAfter === '' ? {} : { StartAfter: escapeName(startAfter) }),
    }),
    signal,
    { container },
  )
  const decode = answer.EncodingType === 'url' ? decodeKey : (key: string) => key
  const files = (answer.Contents ?? []).map(
    ({ Key = '', Size = 0, LastModified, ETag }): FileEntry => ({
      container,
      name: nameOf(decode(Key)),
      size: Size,
      mtime: wholeSeconds(LastModified),
      ...(ETag ? { etag: quoted(ETag) } : {}),
    }),
  )
  const folders = (answer.CommonPrefixes ?? []).map(
    ({ Prefix = '' }): FolderEntry => ({ container, name: nameOf(decode(Prefix)), folder: true }),
  )
  const entries = folders.length === 0 ? files : [...files, ...folders].toSorted((a, b) => compareNames(a.name, b.name))
  const { IsTruncated, NextContinuationToken } = answer
  return IsTruncated && NextContinuationToken
    ? { entries, next: encodeNext(['token', NextContinuationToken]) }
    : { entries }
}
