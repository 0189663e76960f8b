import {
  type CallOptions,
  type ContainerInfo,
  type ContainerPage,
  compareNames,
  containerExists,
  containerNotFound,
  decodePosition,
  isName,
  type ListCallOptions,
  pageAfter,
  StorageError,
} from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { translated } from './errors.js'
import { ServiceError } from './service.js'

export async function listContainers({ client }: Connection, { limit, next }: ListCallOptions): Promise<ContainerPage> {
  const names = (await client.listBuckets()).toSorted(compareNames)
  const containers = names.map((name) => ({ name }))
  return pageAfter(containers, ({ name }) => name, { limit, after: decodePosition(next, isName) })
}

export async function createContainer({ client }: Connection, container: string): Promise<ContainerInfo> {
  try {
    await client.createBucket(container)
  } catch (error) {
    if (error instanceof ServiceError && error.status === 409) throw containerExists(container)
    throw error
  }
  return { name: container }
}

export async function getContainer({ client }: Connection, container: string): Promise<ContainerInfo> {
  const buckets = await client.listBuckets()
  if (!buckets.includes(container)) throw containerNotFound(container)
  return { name: container }
}

export async function destroyContainer(
  { client }: Connection,
  container: string,
  { onlyIfEmpty }: CallOptions & { readonly onlyIfEmpty: boolean },
): Promise<void> {
  try {
    await client.deleteBucket(container, { onlyIfEmpty })
  } catch (error) {
    if (error instanceof ServiceError && error.status === 409) {
      throw new StorageError('CONTAINER_NOT_EMPTY', 'the container is not empty')
    }
    await translated(Promise.reject(error), container)
  }
}
