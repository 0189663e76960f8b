/** Multipart uploads: parts in any order, by any process. */
import {
  checkConditions,
  checkContainer,
  checkLocation,
  checkPartNumber,
  checkParts,
  checkPartUpload,
  checkPrefix,
  checkSizes,
  checkStart,
  checkUploadReference,
  partLimits,
  positive,
} from '../../checks/arguments.js'
import { invalid } from '../../checks/invalid.js'
import { withUploads } from '../../checks/provider.js'
import type { WriteConditions } from '../../contract/conditions.js'
import type { FileLocation, WrittenFile } from '../../contract/files.js'
import type { PartUpload, PartUploadReference, UnfinishedUpload, UploadedPart } from '../../contract/provider.js'
import type { ResumableUpload } from '../../resumable/resumable-upload.js'
import { completeUpload as complete } from '../../upload/completion.js'
import { checkUploadedPart, checkWritten, totalSize } from '../../upload/stored-size.js'
import { choosePartSize } from '../../upload/uploader.js'
import type { ServiceContext } from '../context.js'
import { subjectOf } from '../operations.js'
import type { Body, ListOptions, OperationOptions, StartUploadOptions } from '../options.js'

export function startUpload(
  { provider, operations, capabilities, tuning }: ServiceContext,
  place: FileLocation,
  options: StartUploadOptions,
): Promise<PartUpload> {
  const { container, file } = place
  // If the response is lost, a retry starts a second upload. The first one stays unfinished.
  return operations.repeat('startUpload', place, options, (signal) => {
    const limits = partLimits(capabilities)
    checkLocation(place, capabilities)
    const { size } = checkSizes(options)
    const partSize = positive('partSize', options.partSize ?? choosePartSize(tuning.partSize, size, limits))
    if (partSize < limits.minPartSize || partSize > limits.maxPartSize) {
      throw invalid(
        'partSize',
        `partSize must be from ${limits.minPartSize} to ${limits.maxPartSize} bytes, not ${partSize}`,
      )
    }
    const start = checkStart(file, options, capabilities)
    return withUploads(provider).startUpload(container, file, { signal, ...start, partSize })
  })
}

export function uploadPart(
  context: ServiceContext,
  target: PartUpload,
  { partNumber, body }: { readonly partNumber: number; readonly body: Body },
  options: OperationOptions & { readonly size?: number },
): Promise<UploadedPart> {
  const { provider, operations, retry, capabilities } = context
  const check = () => {
    checkPartUpload(target, capabilities)
    checkPartNumber(partNumber, partLimits(capabilities))
    return { rules: { ...checkSizes(options), maxSize: target.partSize, checksums: {} } }
  }
  return operations.send('uploadPart', subjectOf(target), options, body, check, async (source, _, signal) => {
    const hidden = hiddenUpload(target)
    if (hidden !== undefined) {
      const content = source.checkBytes() ?? (await source.collect())
      return context.resumable.putPart(hidden, partNumber, content, signal)
    }
    const bytes = source.checkBytes() ?? (capabilities.streamingPut ? undefined : await source.collect())
    const size = bytes?.length ?? source.size
    const send = () => withUploads(provider).uploadPart(target, bytes ?? source, { signal, partNumber, size })
    const part = await retry.runTransfer(signal, bytes !== undefined, send)
    return checkUploadedPart(part, source.sent)
  })
}

export function parts(
  context: ServiceContext,
  target: PartUploadReference,
  options: ListOptions,
): AsyncIterableIterator<UploadedPart> {
  return context.operations.iterate('parts', subjectOf(target), options, async (call) => {
    checkUploadReference(target, context.capabilities)
    const hidden = hiddenUpload(target)
    if (hidden !== undefined) return { entries: await context.resumable.parts(hidden, call.signal) }
    return withUploads(context.provider).listParts(target, call)
  })
}

export function completeUpload(
  { provider, operations, retry, capabilities }: ServiceContext,
  target: PartUpload,
  parts: readonly UploadedPart[],
  options: OperationOptions & WriteConditions,
): Promise<WrittenFile> {
  return operations.run('completeUpload', subjectOf(target), options, async (signal) => {
    checkPartUpload(target, capabilities)
    const conditions = checkConditions(options, capabilities)
    checkParts(target, parts)
    const written = await complete(withUploads(provider), retry, target, { signal, parts: [...parts], conditions })
    return checkWritten(provider, retry, written, totalSize(parts))
  })
}

export function abortUpload(
  { provider, operations, capabilities }: ServiceContext,
  target: PartUploadReference,
  options: OperationOptions,
): Promise<void> {
  return operations.repeat('abortUpload', subjectOf(target), options, (signal) => {
    checkUploadReference(target, capabilities)
    return withUploads(provider).abortUpload(target, { signal })
  })
}

export function uploads(
  { provider, operations, capabilities }: ServiceContext,
  container: string,
  options: ListOptions & { readonly prefix?: string },
): AsyncIterableIterator<UnfinishedUpload> {
  return operations.iterate('uploads', { container }, options, (call) => {
    checkContainer(container, capabilities)
    partLimits(capabilities)
    return withUploads(provider).listUploads(container, { ...call, prefix: checkPrefix(options.prefix) })
  })
}

/** The upload, if its bytes are hidden until it is complete. */
const hiddenUpload = (upload: PartUploadReference): ResumableUpload | undefined =>
  'write' in upload && upload.write !== undefined ? (upload as ResumableUpload) : undefined
