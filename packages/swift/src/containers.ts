/**
 * Containers. Each may have another one beside it, which holds the parts of its large files and is hidden here.
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
import type { SwiftClient } from './client.js'
import { answerCause } from './errors.js'
import { afterHidden, segmentsOf } from './names.js'
import { deleteObjects } from './object-removal.js'
import { type ListedObject, listSegments } from './segments.js'

/** How often a container is emptied whose removal is refused because it is not empty, while others may be writing. */
const emptyings = 10

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
  await removeGhosts(client, name, signal)
  const { status, headers } = await client.request({ method: 'PUT', container: name, signal, allow: [400] })
  if (status === 400) {
    throw new StorageError('INVALID_NAME', 'the service refused the name', {
      cause: answerCause('PUT', status, headers),
    })
  }
  if (status === 202) throw containerExists(name)
  return { name }
}

/**
 * Removes parts and uploads of a container of that name that somebody began to destroy and did not come to an end with: those
 * that were there before the container was looked for and not found.
 */
async function removeGhosts(client: SwiftClient, name: string, signal: AbortSignal): Promise<void> {
  const left = await listSegments(client, name, '', signal)
  if (left.length === 0 || (await exists(client, name, signal))) return
  const ghosts = left.map((object) => object.name)
  await deleteObjects(client, segmentsOf(name), ghosts, signal)
}

async function exists(client: SwiftClient, container: string, signal: AbortSignal): Promise<boolean> {
  const { status } = await client.request({ method: 'HEAD', container, signal, allow: [404] })
  return status !== 404
}

/** A list's time has microseconds and no time zone: it is UTC. */
export const changedAt = ({ last_modified }: ListedObject): Date => new Date(`${String(last_modified).slice(0, 23)}Z`)

/** Its name alone: Swift keeps the time of the first container that ever had the name. */
export async function getContainer(client: SwiftClient, name: string, { signal }: CallOptions): Promise<ContainerInfo> {
  await requireContainer(client, name, signal)
  return { name }
}

/** Throws `CONTAINER_NOT_FOUND`. */
export async function requireContainer(client: SwiftClient, name: string, signal: AbortSignal): Promise<void> {
  if (!(await exists(client, name, signal))) throw containerNotFound(name)
}

/** What a 404 about a file means: it or its container is missing. */
export async function missing(
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
    if (onlyIfEmpty || emptied === emptyings) {
      throw new StorageError('CONTAINER_NOT_EMPTY', 'the container holds files')
    }
    await emptyContainer(client, name, signal)
  }
  await dropSegments(client, name, signal)
}

async function dropSegments(client: SwiftClient, name: string, signal: AbortSignal): Promise<void> {
  const container = segmentsOf(name)
  for (let emptied = 0; emptied < emptyings; emptied++) {
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
