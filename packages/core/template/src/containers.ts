import {
  type CallOptions,
  type ContainerInfo,
  type ContainerPage,
  compareNames,
  containerNotFound,
  decodePosition,
  isName,
  type ListCallOptions,
  pageAfter,
} from '@stowage/core/provider'
import type { Connection } from './connection.js'
import { translated } from './errors.js'

export async function listContainers(
  { client }: Connection,
  { limit, next, signal }: ListCallOptions,
): Promise<ContainerPage> {
  const names = (await translated(client.listBuckets(), { signal })).toSorted(compareNames)
  const containers = names.map((name) => ({ name }))
  return pageAfter(containers, ({ name }) => name, { limit, after: decodePosition(next, isName) })
}

export async function createContainer(
  { client }: Connection,
  container: string,
  { signal }: CallOptions,
): Promise<ContainerInfo> {
  await translated(client.createBucket(container), { container, signal, conflict: 'CONTAINER_EXISTS' })
  return { name: container }
}

export async function getContainer(
  { client }: Connection,
  container: string,
  { signal }: CallOptions,
): Promise<ContainerInfo> {
  const buckets = await translated(client.listBuckets(), { container, signal })
  if (!buckets.includes(container)) throw containerNotFound(container)
  return { name: container }
}

export async function destroyContainer(
  { client }: Connection,
  container: string,
  { onlyIfEmpty, signal }: CallOptions & { readonly onlyIfEmpty: boolean },
): Promise<void> {
  const deletion = client.deleteBucket(container, { onlyIfEmpty })
  await translated(deletion, { container, signal, conflict: 'CONTAINER_NOT_EMPTY' })
}
