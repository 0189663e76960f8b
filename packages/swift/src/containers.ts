/**
 * Containers. Each may have a segments container with the parts of its large files, which lists
 * leave out.
 */
import {
  type CallOptions,
  type ContainerInfo,
  type ContainerPage,
  containerExists,
  containerNotFound,
  decodePosition,
  encodePosition,
  type FileLocation,
  fileNotFound,
  isName,
  type ListCallOptions,
  StorageError,
} from '@stowage/core/provider'
import type { SwiftClient } from './client/client.js'
import { deleteObjects } from './client/object-deletion.js'
import { responseCause } from './mapping/errors.js'
import { afterHidden, segmentsContainer } from './mapping/names.js'
import { type ListedObject, listSegments } from './segments/layout.js'

/** How often a container is emptied if other clients continue to write. */
const maxRounds = 10

export async function listContainers(client: SwiftClient, options: ListCallOptions): Promise<ContainerPage> {
  const { limit, next, signal } = options
  const found: ContainerInfo[] = []
  let marker = decodePosition(next, isName)
  for (;;) {
    const wanted = limit + 1 - found.length
    const { entries } = await client.list<{ name: string }>({ query: { marker, limit: wanted }, signal })
    for (const { name } of entries) if (afterHidden(name) === undefined) found.push({ name })
    if (found.length > limit) {
      const shown = found.slice(0, limit)
      return { entries: shown, next: encodePosition(shown.at(-1)?.name ?? '') }
    }
    const last = entries.at(-1)?.name
    if (last === undefined || entries.length < wanted) return { entries: found }
    marker = afterHidden(last) ?? last
  }
}

export async function createContainer(
  client: SwiftClient,
  name: string,
  { signal }: CallOptions,
): Promise<ContainerInfo> {
  await deleteLeftovers(client, name, signal)
  const { status, headers } = await client.request({ method: 'PUT', container: name, signal, allow: [400] })
  if (status === 400) {
    throw new StorageError('INVALID_NAME', 'the service rejected the name', {
      cause: responseCause('PUT', status, headers),
    })
  }
  if (status === 202) throw containerExists(name)
  return { name }
}

/**
 * Deletes parts and uploads that an interrupted destruction of a container with this name left:
 * those that existed before the check that the container does not exist.
 */
async function deleteLeftovers(client: SwiftClient, name: string, signal: AbortSignal): Promise<void> {
  const leftovers = await listSegments(client, name, '', signal)
  if (leftovers.length === 0 || (await exists(client, name, signal))) return
  const names = leftovers.map((object) => object.name)
  await deleteObjects(client, segmentsContainer(name), names, signal)
}

async function exists(client: SwiftClient, container: string, signal: AbortSignal): Promise<boolean> {
  const { status } = await client.request({ method: 'HEAD', container, signal, allow: [404] })
  return status !== 404
}

/** Returns the time of a list's entry, which is in UTC with microseconds, and has no time zone. */
export const modificationTime = ({ last_modified }: ListedObject): Date =>
  new Date(`${String(last_modified).slice(0, 23)}Z`)

/**
 * Returns only the name: Swift keeps the creation time of the first container that ever had the
 * name.
 */
export async function getContainer(client: SwiftClient, name: string, { signal }: CallOptions): Promise<ContainerInfo> {
  await requireContainer(client, name, signal)
  return { name }
}

/** Fails with `CONTAINER_NOT_FOUND` if the container does not exist. */
export async function requireContainer(client: SwiftClient, name: string, signal: AbortSignal): Promise<void> {
  if (!(await exists(client, name, signal))) throw containerNotFound(name)
}

/** Makes the error of a 404 about a file: the file or its container is missing. */
export async function notFoundError(
  client: SwiftClient,
  { container, file }: FileLocation,
  signal: AbortSignal,
): Promise<StorageError> {
  await requireContainer(client, container, signal)
  return fileNotFound(container, file)
}

export async function destroyContainer(
  client: SwiftClient,
  name: string,
  { onlyIfEmpty, signal }: { readonly onlyIfEmpty: boolean; readonly signal: AbortSignal },
): Promise<void> {
  for (let emptied = 0; ; emptied++) {
    const { status } = await client.request({ method: 'DELETE', container: name, signal, allow: [404, 409] })
    if (status === 404 && emptied === 0) throw containerNotFound(name)
    if (status !== 409) break
    if (onlyIfEmpty || emptied === maxRounds) {
      throw new StorageError('CONTAINER_NOT_EMPTY', 'the container is not empty')
    }
    await emptyContainer(client, name, signal)
  }
  await destroySegmentsContainer(client, name, signal)
}

async function destroySegmentsContainer(client: SwiftClient, name: string, signal: AbortSignal): Promise<void> {
  const container = segmentsContainer(name)
  for (let emptied = 0; emptied < maxRounds; emptied++) {
    const { status } = await client.request({ method: 'DELETE', container, signal, allow: [404, 409] })
    if (status !== 409) return
    await emptyContainer(client, container, signal)
  }
}

async function emptyContainer(client: SwiftClient, container: string, signal: AbortSignal): Promise<void> {
  let marker: string | undefined
  do {
    const { entries } = await client.list<{ name: string }>({ container, query: { marker }, signal, allow: [404] })
    const { failures } = await deleteObjects(
      client,
      container,
      entries.map(({ name }) => name),
      signal,
    )
    const [failure] = failures
    if (failure !== undefined) throw failure[1]
    marker = entries.at(-1)?.name
  } while (marker !== undefined)
}
