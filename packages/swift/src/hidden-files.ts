/** Hidden files: objects in the segments container, which the first of them creates. */
import {
  type CallOptions,
  decodePosition,
  encodePosition,
  fileNotFound,
  type HiddenFilePage,
  isName,
  type ListHiddenFilesCallOptions,
} from '@stowage/core/provider'
import type { SwiftClient } from './client/client.js'
import { deleteObjects } from './client/object-deletion.js'
import { modificationTime, requireContainer } from './containers.js'
import { badResponse } from './mapping/errors.js'
import { segmentsContainer } from './mapping/names.js'
import { type ListedObject, newestHeaders } from './segments/layout.js'

const hiddenPrefix = 'hidden/'

export async function putHiddenFile(
  client: SwiftClient,
  container: string,
  name: string,
  bytes: Uint8Array,
  { signal }: CallOptions,
): Promise<void> {
  const put = () =>
    client.request({
      method: 'PUT',
      container: segmentsContainer(container),
      object: hiddenPrefix + name,
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
      signal,
      commits: true,
      allow: [404],
    })
  const [{ status }] = await Promise.all([put(), requireContainer(client, container, signal)])
  if (status !== 404) return
  await client.request({ method: 'PUT', container: segmentsContainer(container), signal })
  const again = await put()
  if (again.status === 404) throw badResponse('a container that was created and does not exist')
  client.recentlyMissing.delete(segmentsContainer(container))
}

export async function readHiddenFile(
  client: SwiftClient,
  container: string,
  name: string,
  { signal }: CallOptions,
): Promise<Uint8Array> {
  const { status, body } = await client.request({
    method: 'GET',
    container: segmentsContainer(container),
    object: hiddenPrefix + name,
    headers: newestHeaders,
    signal,
    allow: [404],
  })
  if (status !== 404) return body
  await requireContainer(client, container, signal)
  throw fileNotFound(container, name)
}

export async function listHiddenFiles(
  client: SwiftClient,
  container: string,
  { prefix, limit, next, signal }: ListHiddenFilesCallOptions,
): Promise<HiddenFilePage> {
  const marker = decodePosition(next, isName)
  const { entries: objects } = await client.list<ListedObject>({
    container: segmentsContainer(container),
    query: { prefix: hiddenPrefix + prefix, marker, limit },
    signal,
    allow: [404],
  })
  if (objects.length === 0) await requireContainer(client, container, signal)
  const entries = objects.map((object) => ({
    name: object.name.slice(hiddenPrefix.length),
    size: object.bytes,
    mtime: modificationTime(object),
  }))
  const last = objects.at(-1)
  return objects.length === limit && last !== undefined ? { entries, next: encodePosition(last.name) } : { entries }
}

export async function removeHiddenFiles(
  client: SwiftClient,
  container: string,
  names: readonly string[],
  { signal }: CallOptions,
): Promise<void> {
  const objects = names.map((name) => hiddenPrefix + name)
  const { failures, missing } = await deleteObjects(client, segmentsContainer(container), objects, signal)
  const [failure] = failures
  if (failure !== undefined) throw failure[1]
  if (missing === names.length) await requireContainer(client, container, signal)
}
