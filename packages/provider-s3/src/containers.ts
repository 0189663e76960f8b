import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3'
import {
  type CallOptions,
  type ContainerInfo,
  type ContainerPage,
  compareNames,
  containerExists,
  decodePosition,
  defined,
  encodePosition,
  isStorageError,
  type ListCallOptions,
  StorageError,
} from '@stowage/core/provider'
import type { Connection } from './client/connection.js'
import { removeAllHiddenFiles } from './hidden-files.js'
import { holdsFiles, isPosition } from './lister.js'
import { decodeKey, isXmlText, nameOf } from './mapping/names.js'
import { type ObjectVersion, removeKeys } from './remover.js'
import { abortUpload } from './uploads.js'

export async function listContainers(
  connection: Connection,
  { signal, limit, next }: ListCallOptions,
): Promise<ContainerPage> {
  const [kind, value] = decodePosition(next, isPosition) ?? []
  const response = await connection.send(
    new ListBucketsCommand(defined({ MaxBuckets: limit, ContinuationToken: kind === 'token' ? value : undefined })),
    signal,
    {},
  )
  const containers = (response.Buckets ?? [])
    .map(({ Name: name = '', CreationDate }) => defined({ name, created: CreationDate }))
    .toSorted((a, b) => compareNames(a.name, b.name))
  if (response.ContinuationToken)
    return { entries: containers, next: encodePosition(['token', response.ContinuationToken]) }
  // Most services have no pages of containers, and return all of them.
  const rest = kind === 'after' ? containers.filter(({ name }) => compareNames(name, value ?? '') > 0) : containers
  const entries = rest.slice(0, limit)
  const last = entries.at(-1)
  return rest.length > limit && last !== undefined
    ? { entries, next: encodePosition(['after', last.name]) }
    : { entries }
}

export async function getContainer(
  connection: Connection,
  container: string,
  { signal }: CallOptions,
): Promise<ContainerInfo> {
  await connection.send(new HeadBucketCommand({ Bucket: container }), signal, { container })
  return { name: container }
}

/** Pending creations of this process, by endpoint and name. */
const creations = new Map<string, Promise<unknown>>()

/**
 * Creates a container. Some services, and Amazon in us-east-1, report success for a container that
 * the account already has. The call therefore checks first. In a process, one call at a time checks
 * and creates the same name, so only one of several succeeds. Between processes this is certain
 * only if the service itself rejects the creation, as Amazon does in all other regions.
 */
export async function createContainer(
  connection: Connection,
  container: string,
  { signal }: CallOptions,
): Promise<ContainerInfo> {
  const { hostname = '' } = (await connection.client.config.endpoint?.()) ?? {}
  const creationKey = `${hostname}/${container}`
  const previous = creations.get(creationKey)
  const creation = (async () => {
    await previous?.catch(() => undefined)
    if (await exists(connection, container, signal)) throw containerExists(container)
    await connection.send(new CreateBucketCommand({ Bucket: container }), signal, { container })
  })()
  creations.set(creationKey, creation)
  try {
    await creation
    return { name: container }
  } finally {
    if (creations.get(creationKey) === creation) creations.delete(creationKey)
  }
}

async function exists(connection: Connection, container: string, signal: AbortSignal): Promise<boolean> {
  try {
    await getContainer(connection, container, { signal })
    return true
  } catch (error) {
    // Another account's container cannot be read. The creation fails if it exists.
    if (isStorageError(error, 'CONTAINER_NOT_FOUND') || isStorageError(error, 'PERMISSION_DENIED')) return false
    throw error
  }
}

/** How often the container is emptied if other clients continue to write. */
const maxRounds = 5

export async function destroyContainer(
  connection: Connection,
  container: string,
  { signal, onlyIfEmpty }: CallOptions & { readonly onlyIfEmpty: boolean },
): Promise<void> {
  if (onlyIfEmpty && (await holdsFiles(connection, container, signal))) throw containerNotEmpty()
  if (!onlyIfEmpty) await removeAllFiles(connection, container, signal)
  for (let round = 1; ; round++) {
    await abortAllUploads(connection, container, signal)
    if (onlyIfEmpty) await removeAllHiddenFiles(connection, container, signal)
    try {
      await connection.send(new DeleteBucketCommand({ Bucket: container }), signal, { container })
      return
    } catch (error) {
      if (!isStorageError(error, 'CONTAINER_NOT_EMPTY') || onlyIfEmpty || round >= maxRounds) throw error
    }
    await removeAllFiles(connection, container, signal)
    await removeAllVersions(connection, container, signal)
  }
}

const containerNotEmpty = () => new StorageError('CONTAINER_NOT_EMPTY', 'the container is not empty')

/** Deletes the first page of files until none are left. */
async function removeAllFiles(connection: Connection, container: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const command = new ListObjectsV2Command({ Bucket: container, EncodingType: 'url' })
    const { Contents = [], IsTruncated } = await connection.send(command, signal, { container })
    const keys = Contents.map(({ Key = '' }) => ({ Key: decodeKey(Key) }))
    await removeVersions(connection, container, keys, signal)
    if (!IsTruncated || keys.length === 0) return
  }
}

/** Deletes all versions, if the container stores them. */
async function removeAllVersions(connection: Connection, container: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const command = new ListObjectVersionsCommand({ Bucket: container, EncodingType: 'url' })
    const response = await connection.send(command, signal, { container })
    const found = [...(response.Versions ?? []), ...(response.DeleteMarkers ?? [])]
    const versions = found.map(({ Key = '', VersionId }) => ({
      Key: decodeKey(Key),
      ...defined({ VersionId }),
    }))
    await removeVersions(connection, container, versions, signal)
    if (!response.IsTruncated || versions.length === 0) return
  }
}

async function removeVersions(
  connection: Connection,
  container: string,
  versions: readonly ObjectVersion[],
  signal: AbortSignal,
): Promise<void> {
  const batched = versions.filter(({ Key }) => isXmlText(Key))
  const failed = await removeKeys(connection, container, batched, signal)
  for (const [key, error] of failed) throw error.withContext({ container, file: nameOf(key) })
  for (const version of versions.filter(({ Key }) => !isXmlText(Key))) {
    const resource = { container, file: nameOf(version.Key) }
    await connection.send(new DeleteObjectCommand({ Bucket: container, ...version }), signal, resource)
  }
}

async function abortAllUploads(connection: Connection, container: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const command = new ListMultipartUploadsCommand({ Bucket: container, EncodingType: 'url' })
    const response = await connection.send(command, signal, { container })
    const uploads = response.Uploads ?? []
    for (const { Key = '', UploadId = '' } of uploads) {
      const upload = { container, file: nameOf(decodeKey(Key)), id: UploadId }
      await abortUpload(connection, upload, { signal })
    }
    if (!response.IsTruncated || uploads.length === 0) return
  }
}
