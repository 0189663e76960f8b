/**
 * The quarantine: a body is stored there, and copied inside of the service to its place when it is
 * found clean. A refused file stays there with a second file, which says why it was refused.
 */
import { randomUUID } from 'node:crypto'
import { isStorageError, type StorageError } from '../contract/errors.js'
import type { FileLocation, WrittenFile } from '../contract/files.js'
import type { StorageProvider } from '../contract/provider.js'
import { defined } from '../kit/defined.js'
import type { RetryPolicy } from '../service/retry.js'
import { contentTypeByName, unknownContentType } from '../upload/content-type.js'
import type { Inspection } from './inspection.js'
import type { AnnouncedFile, Quarantine } from './policy.js'
import type { PolicedWrite } from './write-job.js'

/** Milliseconds for the removal of a file that has left the quarantine, or never was complete. */
const cleanUpTimeout = 30_000

interface QuarantinedWrite extends PolicedWrite {
  readonly quarantine: Quarantine
  readonly inspection: Inspection
  readonly contentType: string | undefined
}

export async function storeThroughQuarantine(job: QuarantinedWrite): Promise<WrittenFile> {
  const { provider, retry, quarantine, inspection, options, put } = job
  await createContainer(provider, retry, quarantine.container, options.signal)
  const name = `${quarantine.prefix ?? ''}${new Date().toISOString().replaceAll(':', '-')}-${randomUUID()}`
  const held = { container: quarantine.container, file: name }
  const stored = await put({ held })
  if (inspection.refusal !== undefined) {
    await writeReason(job, held, stored.size, inspection.refusal)
    throw inspection.refusal
  }
  try {
    return await copyToPlace(job, held, stored)
  } finally {
    const signal = AbortSignal.timeout(cleanUpTimeout)
    const remove = () => provider.removeFile(held.container, held.file, { signal, conditions: {} })
    await retry.run(signal, true, remove).catch(() => undefined)
  }
}

async function createContainer(
  provider: StorageProvider,
  retry: RetryPolicy,
  container: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await retry.run(signal, true, () => provider.getContainer(container, { signal }))
  } catch (error) {
    if (!isStorageError(error, 'CONTAINER_NOT_FOUND')) throw error
    await provider.createContainer(container, { signal }).catch((failure: unknown) => {
      if (!isStorageError(failure, 'CONTAINER_EXISTS')) throw failure
    })
  }
}

async function copyToPlace(
  { provider, retry, file, options, contentType }: QuarantinedWrite,
  held: FileLocation,
  { etag }: WrittenFile,
): Promise<WrittenFile> {
  const { signal, attributes, conditions, native, acl } = options
  const target = { container: file.container, file: file.name }
  const type = contentType ?? file.contentType ?? contentTypeByName(file.name) ?? unknownContentType
  const isConditional = conditions.ifMatch !== undefined || conditions.ifNoneMatch !== undefined
  const replaced = await exists(provider, retry, target, signal)
  const copied = await retry.run(signal, !isConditional, () =>
    provider.copyFile(held, target, {
      signal,
      native,
      conditions,
      ifSourceMatch: etag,
      attributes: { ...attributes, contentType: type } as typeof attributes & { contentType: string },
      ...defined({ acl }),
    }),
  )
  return { replaced, ...copied }
}

async function exists(
  provider: StorageProvider,
  retry: RetryPolicy,
  { container, file }: FileLocation,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await retry.run(signal, true, () => provider.getFile(container, file, { signal, conditions: {} }))
    return true
  } catch (error) {
    if (isStorageError(error, 'FILE_NOT_FOUND')) return false
    throw error
  }
}

/** Stores why a file was refused, as JSON. */
async function writeReason(
  { provider, retry, file, options: { signal } }: QuarantinedWrite,
  held: FileLocation,
  size: number,
  { code, message, details }: StorageError,
): Promise<void> {
  const { container, name, contentType }: AnnouncedFile = file
  const reason = { container, name, contentType, size, refused: new Date(), code, message, ...details }
  const bytes = Buffer.from(`${JSON.stringify(reason, undefined, 2)}\n`)
  await retry.run(signal, true, () =>
    provider.putFile(held.container, `${held.file}.json`, bytes, {
      signal,
      size: bytes.length,
      attributes: { contentType: 'application/json', metadata: {} },
      conditions: {},
      checksums: {},
      native: {},
    }),
  )
}
