/** Resumable uploads: started, continued at any byte, completed, aborted and purged. */
import {
  checkBodyChecksum,
  checkBytes,
  checkConditions,
  checkContainer,
  checkFlag,
  checkLocation,
  checkPartUpload,
  checkSizes,
  checkStart,
  partLimits,
  positive,
} from '../../checks/arguments.js'
import { checkDate } from '../../checks/conditions.js'
import { invalid } from '../../checks/invalid.js'
import { withResumableUploads, withUploads } from '../../checks/provider.js'
import { pickHeaderAttributes } from '../../contract/attributes.js'
import type { FileAttributes, FileLocation, WrittenFile } from '../../contract/files.js'
import type { UnfinishedUpload } from '../../contract/provider.js'
import { defined } from '../../kit/defined.js'
import { announcedFile, checkAnnounced, headBytes, headLength } from '../../policy/checkpoints.js'
import type { UploadPolicies } from '../../policy/compile.js'
import { needsWhole } from '../../policy/inspection.js'
import { Reservation } from '../../policy/reservation.js'
import { UploadGuard } from '../../policy/upload-guard.js'
import { tooLarge } from '../../resumable/appending.js'
import {
  checkResumableUpload,
  newKey,
  type ResumableUpload,
  type ResumableUploadState,
  resumablePartSize,
} from '../../resumable/resumable-upload.js'
import type { ServiceContext } from '../context.js'
import { subjectOf } from '../operations.js'
import type {
  AppendOptions,
  Body,
  OperationOptions,
  PurgeUploadsOptions,
  ResumableUploadOptions,
  StartPartialUploadOptions,
  StartResumableUploadOptions,
  WriteOptions,
} from '../options.js'
import { abortUpload, uploads } from './uploads.js'
import { putFile } from './writer.js'

/** Bytes of a body that is verified before it is stored. */
const maxVerifiedBody = 64 * 1024 * 1024

export function startResumableUpload(
  context: ServiceContext,
  method: 'startResumableUpload' | 'createDirectUpload',
  place: FileLocation,
  options: StartResumableUploadOptions,
): Promise<ResumableUpload> {
  const { provider, operations } = context
  const { container, file } = place
  const direct = method === 'createDirectUpload'
  const key = newKey()
  return operations.repeat(method, place, options, async (signal) => {
    const { policy, type, start, partSize, expires, ...checked } = await checkedStart(context, place, options, key)
    const acceptsLateParts = direct && context.capabilities.directUploads?.acceptsLateParts === true
    const common = { ...checked.common, ...defined({ lateParts: acceptsLateParts || undefined }) }
    if (policy === undefined) {
      const call = { signal, ...start, partSize, direct }
      return { ...(await withUploads(provider).startUpload(container, file, call)), ...common }
    }
    // What a client sends to the service cannot be read before it is complete.
    const hides = needsWhole(policy, type) || (direct && headLength(policy) > 0)
    const { contentType, acl, native } = options
    const policed = { ...common, policed: true, ...defined({ contentType }) } as const
    const owner = { id: key, ...defined({ expires }) }
    const reservation = new Reservation(policy, announcedFile(place, options), signal, owner)
    try {
      if (common.size !== undefined) await reservation.reserve(common.size)
      if (hides) {
        const write = { ...pickAttributes(options), ...defined({ acl, native }) }
        const { lateParts: _, ...hidden } = {
          container,
          file,
          id: key,
          partSize,
          ...policed,
          partial: true,
          write,
        } as const
        await context.resumable.startPartial(hidden, signal)
        return hidden
      }
      const attributes = { ...start.attributes, contentType: type ?? start.attributes.contentType }
      const call = { signal, ...start, attributes, partSize, direct }
      return { ...(await withUploads(provider).startUpload(container, file, call)), ...policed }
    } catch (error) {
      await reservation.release(provider.name)
      throw error
    }
  })
}

/** Checks a new upload, and chooses its limit and the size of its parts. */
async function checkedStart(
  context: ServiceContext,
  place: FileLocation,
  options: StartResumableUploadOptions,
  key: string,
) {
  const { capabilities, tuning } = context
  withResumableUploads(context.provider)
  const limits = partLimits(capabilities)
  checkLocation(place, capabilities)
  const policy = context.policyFor(options)
  const expires = checkDate('reservedUntil', options.reservedUntil)
  const { size, maxSize = size } = checkSizes(options)
  const asked = positive('partSize', options.partSize ?? tuning.partSize)
  // The head of a file is in its first part.
  const wanted = policy === undefined ? asked : Math.max(asked, headBytes)
  const largest = Math.min(
    capabilities.maxFileSize,
    limits.maxPartSize * limits.maxParts,
    policy?.maxSize ?? Number.POSITIVE_INFINITY,
  )
  const limit = Math.min(maxSize ?? Math.max(wanted, limits.minPartSize) * limits.maxParts, largest)
  const start = checkStart(place.file, options, capabilities)
  const conditions = checkConditions(options, capabilities)
  const type = policy === undefined ? undefined : await checkAnnounced(policy, announcedFile(place, options))
  if (size !== undefined && size > limit) throw tooLarge(limit)
  const partSize = resumablePartSize(wanted, size ?? limit, limits)
  return { policy, type, start, expires, partSize, common: { key, maxSize: limit, conditions, ...defined({ size }) } }
}

export function startPartialUpload(
  context: ServiceContext,
  container: string,
  options: StartPartialUploadOptions,
): Promise<ResumableUpload> {
  const { capabilities, tuning } = context
  return context.operations.run('startPartialUpload', { container }, options, async (signal) => {
    const { resumable } = context
    const limits = partLimits(capabilities)
    checkContainer(container, capabilities)
    const { size, maxSize = size ?? capabilities.maxFileSize } = checkSizes(options)
    if (size !== undefined && size > maxSize) throw tooLarge(maxSize)
    const partSize = resumablePartSize(positive('partSize', options.partSize ?? tuning.partSize), 0, limits)
    const key = newKey()
    const upload = { container, file: key, id: key, partSize, key, ...defined({ size }), maxSize, conditions: {} }
    const partial: ResumableUpload = { ...upload, partial: true }
    await resumable.startPartial(partial, signal)
    return partial
  })
}

export async function joinPartialUploads(
  context: ServiceContext,
  uploads: readonly ResumableUpload[],
  place: FileLocation,
  options: WriteOptions,
): Promise<WrittenFile> {
  const parts = await context.operations.run('joinPartialUploads', place, options, async (signal) => {
    if (!Array.isArray(uploads)) throw invalid('uploads', 'uploads must be a list of partial uploads')
    for (const upload of uploads) {
      checkResumable(context, upload)
      if (!upload.partial || upload.write !== undefined) throw invalid('uploads', 'uploads must be partial uploads')
    }
    return context.resumable.join(uploads, signal)
  })
  return putFile(context, place, parts, options)
}

export function getResumableUpload(
  context: ServiceContext,
  target: ResumableUpload,
  options: ResumableUploadOptions,
): Promise<ResumableUploadState> {
  return context.operations.run('getResumableUpload', subjectOf(target), options, async (signal) => {
    checkResumable(context, target)
    const { resumable } = context
    const complete = checkFlag('complete', options.complete, true)
    const guard = complete ? await guardOf(context, target, options, signal) : undefined
    if (checkFlag('takeOver', options.takeOver)) await resumable.takeOver(target)
    return resumable.state(target, complete, signal, guard)
  })
}

export function appendToResumableUpload(
  context: ServiceContext,
  target: ResumableUpload,
  body: Body,
  options: AppendOptions,
): Promise<ResumableUploadState> {
  const { operations } = context
  const check = () => checkedAppend(context, target, options)
  const method = 'appendToResumableUpload'
  return operations.send(method, subjectOf(target), options, body, check, async (source, checked, signal) => {
    const guard = await guardOf(context, target, options, signal)
    return context.resumable.append(target, source, { ...checked.append, signal, ...defined({ guard }) })
  })
}

function checkedAppend(context: ServiceContext, target: ResumableUpload, options: AppendOptions) {
  checkResumable(context, target)
  withResumableUploads(context.provider)
  const offset = checkBytes('offset', options.offset)
  const size = options.size === undefined ? undefined : checkBytes('size', options.size)
  const bodySize = options.bodySize === undefined ? undefined : checkBytes('bodySize', options.bodySize)
  const complete = options.complete === undefined ? undefined : checkFlag('complete', options.complete)
  const { beforeComplete, onStored } = options
  for (const [name, value] of Object.entries({ beforeComplete, onStored })) {
    if (value !== undefined && typeof value !== 'function') throw invalid(name, `${name} must be a function`)
  }
  const given = options.checksum
  const checksum =
    given === undefined || typeof given === 'function'
      ? given && (() => checkBodyChecksum(given()))
      : checkBodyChecksum(given)
  const maxSize = checksum === undefined ? undefined : maxVerifiedBody
  const rules = { checksums: {}, ...defined({ size: bodySize, maxSize }) }
  return { rules, append: { offset, ...defined({ size, complete, beforeComplete, onStored, checksum }) } }
}

export function abortResumableUpload(
  context: ServiceContext,
  target: ResumableUpload,
  options: OperationOptions & { readonly policy?: UploadPolicies },
): Promise<void> {
  return context.operations.run('abortResumableUpload', subjectOf(target), options, async (signal) => {
    checkResumable(context, target)
    await context.resumable.abort(target, signal)
    const policy = context.policyFor(options)
    if (target.policed !== true || policy === undefined) return
    const reservation = new Reservation(policy, announcedFile(target, target), signal, { id: target.key })
    await reservation.release(context.provider.name)
  })
}

export function purgeUploads(
  context: ServiceContext,
  container: string,
  options: PurgeUploadsOptions,
): Promise<UnfinishedUpload[]> {
  return context.operations.run('purgeUploads', { container }, options, async (signal) => {
    const { prefix } = options
    const startedBefore = checkDate('startedBefore', options.startedBefore)
    const purged: UnfinishedUpload[] = []
    for (const unfinished of await Array.fromAsync(uploads(context, container, { signal, ...defined({ prefix }) }))) {
      if (startedBefore !== undefined && unfinished.started >= startedBefore) continue
      await abortUpload(context, unfinished, { signal })
      purged.push(unfinished)
    }
    // Hidden files do not have the name of the file.
    if (context.capabilities.resumableUploads === true && (prefix ?? '') === '') {
      await context.resumable.purge(container, startedBefore, signal)
    }
    return purged
  })
}

export function checkResumable({ capabilities }: ServiceContext, upload: ResumableUpload): void {
  checkPartUpload(upload, capabilities)
  checkResumableUpload(upload)
}

/** Returns the policy of an upload; `undefined` if it has none. */
export async function guardOf(
  context: ServiceContext,
  upload: ResumableUpload,
  options: { readonly policy?: UploadPolicies },
  signal: AbortSignal,
): Promise<UploadGuard | undefined> {
  const policy = context.policyFor(options)
  if (upload.policed !== true) return undefined
  if (policy === undefined) {
    throw invalid('policy', 'policy must be given: the upload was started with a policy')
  }
  const { container, file, key, write, conditions } = upload
  const announced = announcedFile(upload, upload)
  const store = (content: AsyncIterable<Uint8Array>, size: number) => {
    const call = { ...write, ...conditions, size, signal, ...defined({ policy: options.policy }) }
    return putFile(context, { container, file }, content, call, { id: key })
  }
  return new UploadGuard({
    policy,
    file: announced,
    reservation: new Reservation(policy, announced, signal, { id: key }),
    provider: context.provider.name,
    type: await checkAnnounced(policy, announced),
    isHidden: write !== undefined,
    store,
  })
}

/** The attributes among the options of a call. */
const pickAttributes = (options: FileAttributes): FileAttributes =>
  defined({ contentType: options.contentType, metadata: options.metadata, ...pickHeaderAttributes(options) })
