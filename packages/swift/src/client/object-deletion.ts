/** Deletes one object or many. */
import { inParallel, isStorageError, type StorageError } from '@stowage/core/provider'
import { responseError } from '../mapping/errors.js'
import { pathOf } from '../mapping/names.js'
import type { SwiftClient } from './client.js'

/** An object that was not deleted, and the reason. */
type DeletionFailure = readonly [name: string, error: StorageError]

/**
 * Objects in one request to Swift's bulk middleware, and the number of concurrent requests. The
 * middleware accepts 10,000 objects, but deletes two at a time (`delete_concurrency`) and responds
 * only when all are deleted.
 */
const bulkSize = 250
const bulkParallelism = 4
/** Bytes of an encoded path. Swift rejects the whole request if one path is longer. */
const maxBulkPath = 2048
/** Concurrent requests if the objects are deleted one by one. */
const singleParallelism = 8

interface BulkResponse {
  readonly 'Response Status': string
  readonly 'Number Not Found': number
  readonly Errors: readonly (readonly [path: string, status: string])[]
}

interface Deletion {
  readonly failures: readonly DeletionFailure[]
  /**
   * The number of objects that did not exist. If it is all of them, the container may not exist.
   */
  readonly missing: number
}

/**
 * Deletes objects, with Swift's bulk middleware if the cluster has it. Objects that do not exist
 * count as deleted.
 */
export async function deleteObjects(
  client: SwiftClient,
  container: string,
  objects: readonly string[],
  signal: AbortSignal,
): Promise<Deletion> {
  const failures: DeletionFailure[] = []
  let missing = 0
  const add = (deletion: Deletion) => {
    failures.push(...deletion.failures)
    missing += deletion.missing
  }
  if (objects.length === 1) return deleteOneByOne(client, container, objects, signal)
  const short = objects.filter((object) => pathOf(container, object).length <= maxBulkPath)
  const long = objects.filter((object) => pathOf(container, object).length > maxBulkPath)
  const batches = Array.from({ length: Math.ceil(short.length / bulkSize) }, (_, index) =>
    short.slice(index * bulkSize, (index + 1) * bulkSize),
  )
  await inParallel(batches, bulkParallelism, async (batch) => {
    const deletion = await deleteInBulk(client, container, batch, signal)
    add(deletion ?? (await deleteOneByOne(client, container, batch, signal)))
  })
  add(await deleteOneByOne(client, container, long, signal))
  return { failures, missing }
}

/** Returns `undefined` if the cluster has no bulk middleware. */
async function deleteInBulk(
  client: SwiftClient,
  container: string,
  objects: readonly string[],
  signal: AbortSignal,
): Promise<Deletion | undefined> {
  const byPath = new Map(objects.map((object) => [decodeURIComponent(pathOf(container, object)), object]))
  const { status, headers, body } = await client.request({
    method: 'POST',
    query: { 'bulk-delete': '' },
    headers: { 'content-type': 'text/plain', accept: 'application/json' },
    body: objects.map((object) => pathOf(container, object)).join('\n'),
    signal,
    responseTimeout: 600_000,
    allow: [400, 404, 405, 413, 501],
  })
  const response = status === 200 && headers['content-type']?.includes('json') ? parse(body) : undefined
  // Without the middleware, Swift reads the request as a change of the account's metadata with no
  // change in it.
  if (response === undefined) return undefined
  const failures = response.Errors.map(([path, reason]): DeletionFailure => {
    const object = byPath.get(decodeURIComponent(path))
    if (object === undefined) throw responseError('POST', Number.parseInt(reason, 10), headers)
    return [object, responseError('DELETE', Number.parseInt(reason, 10), {})]
  })
  if (failures.length === 0 && !response['Response Status'].startsWith('200')) {
    throw responseError('POST', Number.parseInt(response['Response Status'], 10), headers)
  }
  return { failures, missing: response['Number Not Found'] }
}

function parse(body: Buffer): BulkResponse | undefined {
  try {
    const response: unknown = JSON.parse(body.toString())
    return typeof response === 'object' && response !== null && 'Errors' in response
      ? (response as BulkResponse)
      : undefined
  } catch {
    // Another middleware responded. The objects are then deleted one by one.
    return undefined
  }
}

async function deleteOneByOne(
  client: SwiftClient,
  container: string,
  objects: readonly string[],
  signal: AbortSignal,
): Promise<Deletion> {
  const failures: DeletionFailure[] = []
  let missing = 0
  await inParallel(objects, singleParallelism, async (object) => {
    try {
      const { status } = await client.request({ method: 'DELETE', container, object, signal, allow: [404] })
      if (status === 404) missing++
    } catch (error) {
      if (!isStorageError(error) || signal.aborted) throw error
      failures.push([object, error])
    }
  })
  return { failures, missing }
}
