/**
 * Removal, of one object and of many.
 */
import { inParallel, isStorageError, type StorageError } from '@stowage/core/provider'
import type { SwiftClient } from './client.js'
import { answerError } from './errors.js'
import { pathOf } from './names.js'

/** An object that is still there, and why. */
type RemovalFailure = readonly [name: string, error: StorageError]

/**
 * Objects in one request of Swift's bulk middleware, and such requests at a time. It allows for 10,000, but removes two at
 * a time (`delete_concurrency`), and answers when it has done all.
 */
const bulkSize = 250
const bulkParallelism = 4
/** Bytes: Swift refuses a whole request for one longer path in it, as it stands in the request. */
const maxBulkPath = 2048
/** Single removals at a time, where there is no other way. */
const singleParallelism = 8

interface BulkAnswer {
  readonly 'Response Status': string
  readonly 'Number Not Found': number
  readonly Errors: readonly (readonly [path: string, status: string])[]
}

/** Whether every object was missing, which may mean that the container is. */
interface Removal {
  readonly failures: readonly RemovalFailure[]
  readonly missing: number
}

/** Removes objects, by Swift's bulk middleware where the cluster has it. Objects that do not exist count as removed. */
export async function deleteObjects(
  client: SwiftClient,
  container: string,
  objects: readonly string[],
  signal: AbortSignal,
): Promise<Removal> {
  const failures: RemovalFailure[] = []
  let missing = 0
  const add = (removal: Removal) => {
    failures.push(...removal.failures)
    missing += removal.missing
  }
  if (objects.length === 1) return deleteOneByOne(client, container, objects, signal)
  const short = objects.filter((object) => pathOf(container, object).length <= maxBulkPath)
  const long = objects.filter((object) => pathOf(container, object).length > maxBulkPath)
  const batches = Array.from({ length: Math.ceil(short.length / bulkSize) }, (_, index) =>
    short.slice(index * bulkSize, (index + 1) * bulkSize),
  )
  await inParallel(batches, bulkParallelism, async (batch) => {
    const removal = await deleteInBulk(client, container, batch, signal)
    add(removal ?? (await deleteOneByOne(client, container, batch, signal)))
  })
  add(await deleteOneByOne(client, container, long, signal))
  return { failures, missing }
}

/** Nothing when the cluster has no bulk middleware. */
async function deleteInBulk(
  client: SwiftClient,
  container: string,
  objects: readonly string[],
  signal: AbortSignal,
): Promise<Removal | undefined> {
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
  const answer = status === 200 && headers['content-type']?.includes('json') ? parse(body) : undefined
  // Without the middleware this is a change of the account's metadata that changes none.
  if (answer === undefined) return undefined
  const failures = answer.Errors.map(([path, why]): RemovalFailure => {
    const object = byPath.get(decodeURIComponent(path))
    if (object === undefined) throw answerError('POST', Number.parseInt(why, 10), headers)
    return [object, answerError('DELETE', Number.parseInt(why, 10), {})]
  })
  if (failures.length === 0 && !answer['Response Status'].startsWith('200')) {
    throw answerError('POST', Number.parseInt(answer['Response Status'], 10), headers)
  }
  return { failures, missing: answer['Number Not Found'] }
}

function parse(body: Buffer): BulkAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(body.toString())
    return typeof answer === 'object' && answer !== null && 'Errors' in answer ? (answer as BulkAnswer) : undefined
  } catch {
    // An answer in another form is one of another middleware: the objects are removed one by one then.
    return undefined
  }
}

async function deleteOneByOne(
  client: SwiftClient,
  container: string,
  objects: readonly string[],
  signal: AbortSignal,
): Promise<Removal> {
  const failures: RemovalFailure[] = []
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
