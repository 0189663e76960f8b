import {
  type CallOptions,
  type ContainerInfo,
  type ContainerPage,
  compareNames,
  containerExists,
  decodePosition,
  isName,
  type ListCallOptions,
  pageAfter,
  StorageError,
} from '@stowage/core/provider'
import { containerOf, type Memory } from './memory.js'
import { StoredContainer } from './store.js'

export async function listContainers({ store }: Memory, { limit, next }: ListCallOptions): Promise<ContainerPage> {
  const containers = [...store.containers]
    .map(([name, { created }]) => ({ name, created: new Date(created) }))
    .toSorted((a, b) => compareNames(a.name, b.name))
  return pageAfter(containers, ({ name }) => name, { limit, after: decodePosition(next, isName) })
}

export async function createContainer({ store }: Memory, container: string): Promise<ContainerInfo> {
  if (store.containers.has(container)) throw containerExists(container)
  const stored = new StoredContainer(container)
  store.containers.set(container, stored)
  return { name: container, created: new Date(stored.created) }
}

export async function getContainer(memory: Memory, container: string): Promise<ContainerInfo> {
  return { name: container, created: new Date(containerOf(memory, container).created) }
}

export async function destroyContainer(
  memory: Memory,
  container: string,
  { onlyIfEmpty }: CallOptions & { readonly onlyIfEmpty: boolean },
): Promise<void> {
  if (containerOf(memory, container).size > 0 && onlyIfEmpty) {
    throw new StorageError('CONTAINER_NOT_EMPTY', 'the container is not empty')
  }
  memory.store.containers.delete(container)
}
