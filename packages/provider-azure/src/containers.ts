import {
  type CallOptions,
  type ContainerInfo,
  type ContainerPage,
  containerNotFound,
  decodePosition,
  defined,
  encodePosition,
  isName,
  type ListCallOptions,
  StorageError,
} from '@stowage/core/provider'
import type { Account } from './client/account.js'
import { holdsFiles } from './lister.js'
import { errorCode, request } from './mapping/errors.js'

export async function listContainers(
  account: Account,
  { limit, next, signal }: ListCallOptions,
): Promise<ContainerPage> {
  const start = decodePosition(next, isName)
  const entries: ContainerInfo[] = []
  let marker = start
  do {
    const page = await containerPage(account, marker, limit, signal)
    entries.push(...page.entries)
    marker = page.marker
    // An empty page may be followed by others or not. Only the next request shows which.
  } while (marker !== undefined && entries.length === 0)
  if (marker === undefined) return { entries }
  const following = await containerPage(account, marker, 1, signal)
  return following.entries.length === 0 && following.marker === undefined
    ? { entries }
    : { entries, next: encodePosition(marker) }
}

async function containerPage(account: Account, marker: string | undefined, limit: number, abortSignal: AbortSignal) {
  const pages = account.service
    .listContainers({ abortSignal })
    .byPage(defined({ maxPageSize: limit, continuationToken: marker }))
  const { value, done } = await request({}, () => pages.next())
  // The SDK parses a response that is not a list as an empty list.
  if (done === true || !value.serviceEndpoint)
    throw new StorageError('BAD_RESPONSE', 'the response is not a list of containers')
  return {
    entries: value.containerItems.map(({ name, properties }) => ({ name, mtime: properties.lastModified })),
    marker: value.continuationToken || undefined,
  }
}

export async function createContainer(
  account: Account,
  container: string,
  { signal }: CallOptions,
): Promise<ContainerInfo> {
  const { lastModified } = await request({ container }, () =>
    account.container(container).create({ abortSignal: signal }),
  )
  return defined({ name: container, mtime: lastModified })
}

export async function getContainer(
  account: Account,
  container: string,
  { signal }: CallOptions,
): Promise<ContainerInfo> {
  const { lastModified } = await requestExisting(container, () =>
    account.container(container).getProperties({ abortSignal: signal }),
  )
  return defined({ name: container, mtime: lastModified })
}

/**
 * Deletes a container. Azure has no condition for "empty": a file that is stored between the check
 * and the deletion is lost.
 */
export async function destroyContainer(
  account: Account,
  container: string,
  { onlyIfEmpty, signal }: CallOptions & { readonly onlyIfEmpty: boolean },
): Promise<void> {
  if (onlyIfEmpty && (await holdsFiles(account, container, { signal }))) {
    throw new StorageError('CONTAINER_NOT_EMPTY', 'the container is not empty')
  }
  await requestExisting(container, () => account.container(container).delete({ abortSignal: signal }))
}

/**
 * Sends a request about a container. One that is being deleted counts as missing, except for
 * `createContainer`.
 */
async function requestExisting<T>(container: string, send: () => Promise<T>): Promise<T> {
  return request({ container }, () =>
    send().catch((error: unknown) => {
      throw errorCode(error) === 'ContainerBeingDeleted' ? containerNotFound(container) : error
    }),
  )
}
