/** What a client does at the storage itself: signed URLs, direct uploads and their origins. */
import {
  checkClaims,
  checkContainer,
  checkDirectParts,
  checkLocation,
  checkOrigins,
  checkSignUrl,
  partLimits,
} from '../../checks/arguments.js'
import { invalid } from '../../checks/invalid.js'
import { directUploadsOf, signedUrlsOf, withDirectUploads, withOrigins, withSignedUrls } from '../../checks/provider.js'
import type { FileLocation, WrittenFile } from '../../contract/files.js'
import type { SignedPart, SignedUrl } from '../../contract/provider.js'
import { directPartSize } from '../../direct/direct-completion.js'
import { type OriginProblem, originProblems } from '../../direct/origin-check.js'
import { defined } from '../../kit/defined.js'
import { newKey, type ResumableUpload } from '../../resumable/resumable-upload.js'
import type { ServiceContext } from '../context.js'
import { subjectOf } from '../operations.js'
import type {
  CompleteDirectUploadOptions,
  OperationOptions,
  SignDirectPartsOptions,
  SignUrlOptions,
} from '../options.js'
import { abortResumableUpload, checkResumable, guardOf, startResumableUpload } from './resumable-uploads.js'

export function signUrl(
  { provider, operations, capabilities }: ServiceContext,
  place: FileLocation,
  options: SignUrlOptions,
): Promise<SignedUrl> {
  return operations.run('signUrl', place, options, (signal) => {
    checkLocation(place, capabilities)
    const sign = checkSignUrl(options, signedUrlsOf(provider))
    return withSignedUrls(provider).signUrl(place.container, place.file, { signal, ...sign })
  })
}

export function signDirectParts(
  context: ServiceContext,
  target: ResumableUpload,
  options: SignDirectPartsOptions,
): Promise<SignedPart[]> {
  return context.operations.run('signDirectParts', subjectOf(target), options, async (signal) => {
    checkResumable(context, target)
    const directUploads = directUploadsOf(context.provider)
    const provider = withDirectUploads(context.provider)
    const { size, partSize, write } = target
    if (write !== undefined) {
      throw invalid('upload', 'the policy reads the content, so a server must receive the parts: call uploadPart')
    }
    const { from, to, expiresIn } = checkDirectParts(target, options, directUploads, partLimits(context.capabilities))
    const numbers = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
    return Promise.all(
      numbers.map(async (partNumber) => {
        const part = defined({
          partNumber,
          size: size === undefined ? undefined : directPartSize({ size, partSize }, partNumber),
        })
        return { ...part, ...(await provider.signPart(target, { ...part, expiresIn, signal })) }
      }),
    )
  })
}

export function completeDirectUpload(
  context: ServiceContext,
  target: ResumableUpload,
  options: CompleteDirectUploadOptions,
): Promise<WrittenFile> {
  return context.operations.run('completeDirectUpload', subjectOf(target), options, async (signal) => {
    checkResumable(context, target)
    const claims = checkClaims(options.parts, target)
    const joinsByNumber = !context.capabilities.streamingPut
    const guard = await guardOf(context, target, options, signal)
    return context.resumable.completeDirect(target, { claims, joinsByNumber, signal, guard })
  })
}

export function allowOrigins(
  { provider, operations, capabilities }: ServiceContext,
  container: string,
  origins: readonly string[],
  options: OperationOptions,
): Promise<void> {
  return operations.repeat('allowOrigins', { container }, options, async (signal) => {
    checkContainer(container, capabilities)
    const checked = checkOrigins(origins)
    return withOrigins(provider).allowOrigins(container, checked, { signal })
  })
}

export function checkOrigin(
  context: ServiceContext,
  container: string,
  origin: string,
  options: OperationOptions,
): Promise<OriginProblem[]> {
  return context.operations.run('checkOrigin', { container }, options, async (signal) => {
    const { etag: needsETag } = directUploadsOf(context.provider)
    const [checked = ''] = checkOrigins([origin])
    const body = Buffer.from('stowage')
    const place = { container, file: `stowage-check-${newKey()}` }
    const start = { size: body.length, signal }
    // The URL stays in this process, so no part can arrive late.
    const { lateParts: _, ...upload } = await startResumableUpload(context, 'createDirectUpload', place, start)
    try {
      const [part] = await signDirectParts(context, upload, { signal })
      return await originProblems(part as SignedPart, checked, { body, needsETag, signal })
    } finally {
      await abortResumableUpload(context, upload, { signal })
    }
  })
}
