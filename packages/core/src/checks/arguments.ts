/**
 * Checks the arguments and options of callers, and converts them for providers, before any request.
 */

import type { Capabilities, PartLimits } from '../contract/capabilities.js'
import type { WriteConditions } from '../contract/conditions.js'
import { StorageError } from '../contract/errors.js'
import type { FileLocation } from '../contract/files.js'
import { checkContainerName, checkFileName } from '../contract/names.js'
import type {
  CopyCallOptions,
  ListFilesCallOptions,
  PartUpload,
  PartUploadReference,
  SignUrlCallOptions,
  UploadedPart,
} from '../contract/provider.js'
import { defined } from '../kit/defined.js'
import type { ResumableUpload } from '../resumable/resumable-upload.js'
import type {
  BodyChecksum,
  CopyFileOptions,
  DirectPartClaim,
  ListFilesOptions,
  SignDirectPartsOptions,
  SignUrlOptions,
  StartUploadOptions,
  WriteOptions,
} from '../service/options.js'
import { contentTypeByName, unknownContentType } from '../upload/content-type.js'
import { checkAttributes, checkChecksums, checkHeaderValue, checkServiceOptions, notSupported } from './attributes.js'
import { checkTag, checkWriteOptions } from './conditions.js'
import { invalid, shown } from './invalid.js'
import { checkContentType } from './media-type.js'
import { attributeNames, responseHeaderNames } from './method-options.js'
import { checkOptions } from './option-names.js'
import type { DirectUploadSupport, SignedUrlSupport } from './provider.js'

/** Returns a whole number from 1. */
export function positive(property: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  throw invalid(property, `${property} must be a whole number from 1, not ${shown(value)}`)
}

/** Returns a boolean option, or its default. */
export function checkFlag(property: string, value: unknown, byDefault = false): boolean {
  if (value === undefined) return byDefault
  if (typeof value === 'boolean') return value
  throw invalid(property, `${property} must be true or false, not ${shown(value)}`)
}

/**
 * Returns the distinct names of files. Rejects a string, which is an iterable of its characters.
 */
export async function checkNames(files: Iterable<string> | AsyncIterable<string>): Promise<string[]> {
  const isList =
    typeof files === 'object' && files !== null && (Symbol.iterator in files || Symbol.asyncIterator in files)
  if (!isList) throw invalid('files', 'files must be an array or an iterable of names')
  const names = new Set<string>()
  try {
    for await (const name of files) names.add(name)
  } catch (error) {
    throw new StorageError('SOURCE_FAILED', 'the iterable of names failed before its end', { cause: error })
  }
  for (const name of names) checkFileName(name)
  return [...names]
}

function wellFormed(property: string, value: unknown): string {
  if (typeof value === 'string' && value.isWellFormed()) return value
  throw invalid(property, `${property} must be a string of well-formed Unicode`)
}

export function checkBytes(property: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw invalid(property, `${property} must be a whole number of bytes from 0, not ${shown(value)}`)
}

/** Returns the expected size and the maximum size of a body, in bytes. */
export function checkSizes(options: { readonly size?: number; readonly maxSize?: number }): {
  size?: number
  maxSize?: number
} {
  const checked: { size?: number; maxSize?: number } = {}
  if (options.size === undefined && options.maxSize === undefined) return checked
  for (const name of ['size', 'maxSize'] as const) {
    const value = options[name]
    if (value === undefined) continue
    checked[name] = checkBytes(name, value)
  }
  return checked
}

export function checkContainer(container: unknown, capabilities: Capabilities): asserts container is string {
  checkContainerName(container, capabilities.containerNames)
}

export function checkLocation(location: FileLocation | undefined, capabilities: Capabilities): void {
  checkContainer(location?.container, capabilities)
  checkFileName(location?.file)
}

/** Returns the number of entries of a page, at most `maxPageSize`. */
export function checkLimit(property: string, value: number | undefined, { maxPageSize }: Capabilities): number {
  return value === undefined ? maxPageSize : Math.min(positive(property, value), maxPageSize)
}

/**
 * Returns the filters of a list.
 *
 * @param first Whether this is the first page, the only one with `startAfter`.
 */
export function checkList(
  { prefix, delimiter, startAfter }: ListFilesOptions,
  first: boolean,
): Pick<ListFilesCallOptions, 'prefix' | 'delimiter' | 'startAfter'> {
  if (delimiter === '') throw invalid('delimiter', 'delimiter must not be empty; omit it for none')
  return defined({
    prefix: checkPrefix(prefix),
    delimiter: delimiter === undefined ? undefined : wellFormed('delimiter', delimiter),
    startAfter: startAfter === undefined || !first ? undefined : wellFormed('startAfter', startAfter),
  })
}

export const checkPrefix = (prefix: string | undefined): string => wellFormed('prefix', prefix ?? '')

export function checkConditions(options: WriteConditions, { conditions }: Capabilities): WriteConditions {
  const checked = checkWriteOptions(options)
  if (checked.ifNoneMatch !== undefined && conditions.create === false) {
    throw notSupported('writes with ifNoneMatch', 'conditions.create')
  }
  if (checked.ifMatch !== undefined && conditions.update === false) {
    throw notSupported('writes with ifMatch', 'conditions.update')
  }
  return checked
}

export function checkRemoval(
  ifMatch: string | undefined,
  { conditions }: Capabilities,
): Pick<WriteConditions, 'ifMatch'> {
  const checked = checkWriteOptions({ ifMatch })
  if (checked.ifMatch !== undefined && conditions.remove === false) {
    throw notSupported('removals with ifMatch', 'conditions.remove')
  }
  return checked
}

/**
 * Returns the options of a write. The content type may be missing, because it can depend on the
 * body.
 */
export function checkWrite(options: Omit<WriteOptions, 'signal'>, capabilities: Capabilities) {
  return {
    attributes: checkAttributes(options, capabilities),
    conditions: checkConditions(options, capabilities),
    checksums: checkChecksums(options.checksums, capabilities),
    ...checkServiceOptions(options, capabilities),
  }
}

export function checkStart(file: string, options: StartUploadOptions, capabilities: Capabilities) {
  const { contentType = contentTypeByName(file) ?? unknownContentType, ...attributes } = checkAttributes(
    options,
    capabilities,
  )
  return {
    attributes: { contentType, ...attributes },
    checksums: checkChecksums(options.checksums, capabilities),
    ...checkServiceOptions(options, capabilities),
  }
}

export function checkCopy(
  source: FileLocation,
  target: FileLocation,
  options: CopyFileOptions,
  capabilities: Capabilities,
): Omit<CopyCallOptions, 'signal'> {
  checkLocation(source, capabilities)
  checkLocation(target, capabilities)
  if (options.attributes !== undefined) checkOptions('attributes', options.attributes, attributeNames)
  const { contentType = contentTypeByName(target.file) ?? unknownContentType, ...attributes } = checkAttributes(
    options.attributes ?? {},
    capabilities,
  )
  const { ifSourceMatch } = options
  return {
    conditions: checkConditions(options, capabilities),
    ...checkServiceOptions(options, capabilities),
    ...defined({
      attributes: options.attributes === undefined ? undefined : { contentType, ...attributes },
      ifSourceMatch: ifSourceMatch === undefined ? undefined : checkTag('ifSourceMatch', ifSourceMatch),
    }),
  }
}

export function partLimits({ parts }: Capabilities): PartLimits {
  if (parts === false) throw notSupported('multipart uploads', 'parts')
  return parts
}

export function checkUploadReference(upload: PartUploadReference, capabilities: Capabilities): void {
  partLimits(capabilities)
  checkLocation(upload, capabilities)
  if (typeof upload.id !== 'string' || !/^[!-~]{1,8192}$/.test(upload.id)) {
    throw invalid('upload', 'upload.id must be the id of an upload that startUpload returned')
  }
}

export function checkPartUpload(upload: PartUpload, capabilities: Capabilities): void {
  checkUploadReference(upload, capabilities)
  positive('upload.partSize', upload.partSize)
}

const bodyChecksumDigits = { md5: 32, sha1: 40, sha256: 64, sha512: 128 } as const

/** Checks the checksum of a body that continues a resumable upload. */
export function checkBodyChecksum(checksum: BodyChecksum): BodyChecksum {
  checkOptions('checksum', checksum, { algorithm: true, value: true })
  const { algorithm, value } = checksum
  if (!Object.hasOwn(bodyChecksumDigits, algorithm)) {
    throw invalid('checksum', `checksum.algorithm must be md5, sha1, sha256 or sha512, not ${shown(algorithm)}`)
  }
  const digits = bodyChecksumDigits[algorithm]
  if (typeof value !== 'string' || !/^[0-9a-f]*$/.test(value) || value.length !== digits) {
    throw invalid('checksum', `checksum.value must be ${digits} hexadecimal digits in lower case`)
  }
  return { algorithm, value }
}

export function checkPartNumber(partNumber: unknown, { maxParts }: PartLimits): asserts partNumber is number {
  if (!Number.isInteger(partNumber) || Number(partNumber) < 1 || Number(partNumber) > maxParts) {
    throw invalid('partNumber', `partNumber must be a whole number from 1 to ${maxParts}, not ${shown(partNumber)}`)
  }
}

/**
 * Checks that the parts run from 1 without a gap, and that each but the last has the upload's size.
 *
 * @throws `INVALID_PART`.
 */
export function checkParts({ partSize }: PartUpload, parts: readonly UploadedPart[]): void {
  const invalidPart = (message: string) => new StorageError('INVALID_PART', message)
  if (!Array.isArray(parts) || parts.length === 0) throw invalidPart('an upload needs at least one part')
  for (const [index, part] of parts.entries()) {
    const { partNumber, size, tag } = part ?? {}
    if (partNumber !== index + 1) {
      throw invalidPart(`parts must be in order without gaps: part ${index + 1} is missing`)
    }
    if (typeof tag !== 'string' || tag === '') throw invalidPart(`part ${partNumber} has no tag`)
    if (!Number.isSafeInteger(size) || size < 0 || (index < parts.length - 1 ? size !== partSize : size > partSize)) {
      throw invalidPart(
        `part ${partNumber} has ${shown(size)} bytes instead of ${partSize}, the size of the upload's parts`,
      )
    }
  }
}

export function checkSignUrl(
  options: SignUrlOptions,
  signedUrls: SignedUrlSupport,
): Omit<SignUrlCallOptions, 'signal'> {
  const { method, expiresIn, contentType, size, responseHeaders } = options
  if (method !== 'GET' && method !== 'PUT') throw invalid('method', `method must be GET or PUT, not ${shown(method)}`)
  checkLifetime(expiresIn, signedUrls)
  if (contentType !== undefined && !signedUrls.contentType) {
    throw notSupported('a signed content type', 'signedUrls.contentType')
  }
  if (contentType !== undefined && contentType !== null) checkContentType(contentType)
  if (size !== undefined && !signedUrls.size) throw notSupported('a signed size', 'signedUrls.size')
  if (responseHeaders !== undefined && !signedUrls.responseHeaders) {
    throw notSupported('signed response headers', 'signedUrls.responseHeaders')
  }
  if (responseHeaders !== undefined) checkResponseHeaders(responseHeaders)
  return { method, expiresIn, contentType, ...checkSizes({ size }), responseHeaders }
}

/** Returns the origins of pages. */
export function checkOrigins(origins: readonly string[]): readonly string[] {
  if (!Array.isArray(origins)) throw invalid('origins', 'origins must be a list')
  for (const origin of origins) {
    const isOrigin = typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin
    if (isOrigin || (origin === '*' && origins.length === 1)) continue
    throw invalid(
      'origins',
      `origins must contain origins such as "https://example.com", or only "*", not ${shown(origin)}`,
    )
  }
  return [...new Set(origins)]
}

/** Seconds. */
const defaultPartLifetime = 3600

/** Returns which parts of a direct upload to sign, and for how many seconds. */
export function checkDirectParts(
  { size, partSize }: ResumableUpload,
  options: SignDirectPartsOptions,
  directUploads: DirectUploadSupport,
  { maxParts }: PartLimits,
): { readonly from: number; readonly to: number; readonly expiresIn: number } {
  if (size === undefined && !directUploads.unknownSize) {
    throw notSupported('signed parts of unknown size', 'directUploads.unknownSize')
  }
  const { from = 1, expiresIn = Math.min(defaultPartLifetime, directUploads.maxExpiresIn) } = options
  const last = size === undefined ? undefined : Math.ceil(size / partSize)
  const { to = last ?? from } = options
  for (const [property, value] of Object.entries({ from, to })) {
    if (value === 0 && property === 'to' && last === 0) continue
    if (Number.isInteger(value) && value >= 1 && value <= (last || maxParts)) continue
    throw invalid(property, `${property} must be a part's number from 1 to ${last || maxParts}, not ${shown(value)}`)
  }
  return { from, to, expiresIn: checkLifetime(expiresIn, directUploads) }
}

function checkLifetime(expiresIn: unknown, { maxExpiresIn }: { readonly maxExpiresIn: number }): number {
  if (typeof expiresIn === 'number' && Number.isInteger(expiresIn) && expiresIn >= 1 && expiresIn <= maxExpiresIn) {
    return expiresIn
  }
  throw invalid('expiresIn', `expiresIn must be from 1 to ${maxExpiresIn} seconds, not ${shown(expiresIn)}`)
}

/** Checks the parts that a client says it has sent. */
export function checkClaims(
  claims: readonly DirectPartClaim[] | undefined,
  { size }: ResumableUpload,
): readonly DirectPartClaim[] | undefined {
  if (claims === undefined && size !== undefined) return undefined
  if (!Array.isArray(claims)) throw invalid('parts', 'parts must be a list of the parts that were sent')
  for (const claim of claims) {
    checkOptions('parts', claim, { partNumber: true, etag: true })
    if (claim.etag !== undefined && typeof claim.etag !== 'string') throw invalid('parts', 'an ETag must be a string')
  }
  return claims
}

function checkResponseHeaders(headers: NonNullable<SignUrlOptions['responseHeaders']>): void {
  checkOptions('responseHeaders', headers, responseHeaderNames)
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) checkHeaderValue(name, value)
  }
}
