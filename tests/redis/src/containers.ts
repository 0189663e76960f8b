import {
  type CallOptions,
  type ContainerInfo,
  type ContainerPage,
  containerNotFound,
  decodePosition,
  isName,
  type ListCallOptions,
  pageAfter,
} from '@stowage/core/provider'
import type { Connection } from './connection.js'
import * as scripts from './scripts/containers.js'

export async function listContainers(
  connection: Connection,
  { limit, next, signal }: ListCallOptions,
): Promise<ContainerPage> {
  const after = decodePosition(next, isName)
  const names = await connection.run(signal, (client) =>
    client.zRange(`${connection.prefix}:containers`, after === undefined ? '-' : `(${after}`, '+', {
      BY: 'LEX',
      LIMIT: { offset: 0, count: limit + 1 },
    }),
  )
  return pageAfter(
    names.map((name) => ({ name: String(name) })),
    ({ name }) => name,
    { limit, after },
  )
}

export async function createContainer(
  connection: Connection,
  container: string,
  { signal }: CallOptions,
): Promise<ContainerInfo> {
  await connection.script(signal, scripts.createContainer, [container])
  return { name: container }
}

export async function getContainer(
  connection: Connection,
  container: string,
  { signal }: CallOptions,
): Promise<ContainerInfo> {
  const score = await connection.run(signal, (client) => client.zScore(`${connection.prefix}:containers`, container))
  if (score === null) throw containerNotFound(container)
  return { name: container }
}

export async function destroyContainer(
  connection: Connection,
  container: string,
  { onlyIfEmpty, signal }: CallOptions & { readonly onlyIfEmpty: boolean },
): Promise<void> {
  await connection.script(signal, scripts.destroyContainer, [container, onlyIfEmpty ? '1' : ''])
}
