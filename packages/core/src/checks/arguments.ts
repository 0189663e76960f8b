/**
 * Arguments and options as callers give them, checked and made into what providers take, before any
 * request.
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
import type {
  CopyFileOptions,
  ListFilesOptions,
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

export function positive(property: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
  throw invalid(property, `${property} must be a whole number from 1, not ${shown(value)}`)
}

/** A value that must be true, false or left out. */
export function checkFlag(property: string, value: unknown, byDefault = false): boolean {
  if (value === undefined) return byDefault
  if (typeof value === 'boolean') return value
  throw invalid(property, `${property} must be true or false, not ${shown(value)}`)
}

/** The names of files, each once. A string is a list of its characters, and never meant as one. */
export async function checkNames(files: Iterable<string> | AsyncIterable<string>): Promise<string[]> {
  const isList =
    typeof files === 'object' && files !== null && (Symbol.iterator in files || Symbol.asyncIterator in files)
  if (!isList) throw invalid('files', 'files must be a list of names, or an iterable of them')
  const names = new Set<string>()
  try {
    for await (const name of files) names.add(name)
  } catch (error) {
    throw new StorageError('SOURCE_FAILED', 'the list of names failed before its end', { cause: error })
  }
  for (const name of names) checkFileName(name)
  return [...names]
}

function wellFormed(property: string, value: unknown): string {
  if (typeof value === 'string' && value.isWellFormed()) return value
  throw invalid(property, `the ${property} must be a string of well-formed Unicode`)
}

function checkBytes(property: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw invalid(property, `${property} must be a whole number of bytes from 0, not ${shown(value)}`)
}

/** The size and the largest size that a body may have. */
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

/** Entries of a page: what was asked for, within what the service gives. */
export function checkLimit(property: string, value: number | undefined, { maxPageSize }: Capabilities): number {
  return value === undefined ? maxPageSize : Math.min(positive(property, value), maxPageSize)
}

/** `first`: whether it is the first page, which alone is told where to start. */
export function checkList(
  { prefix, delimiter, startAfter }: ListFilesOptions,
  first: boolean,
): Pick<ListFilesCallOptions, 'prefix' | 'delimiter' | 'startAfter'> {
  if (delimiter === '') throw invalid('delimiter', 'the delimiter must not be empty; leave it out for none')
  return {
    prefix: checkPrefix(prefix),
    ...(delimiter === undefined ? {} : { delimiter: wellFormed('delimiter', delimiter) }),
    ...(startAfter === undefined || !first ? {} : { startAfter: wellFormed('startAfter', startAfter) }),
  }
}

export const checkPrefix = (prefix: string | undefined): string => wellFormed('prefix', prefix ?? '')

export function checkConditions(options: WriteConditions, { conditions }: Capabilities): WriteConditions {
  const checked = checkWriteOptions(options)
  if (checked.ifNoneMatch !== undefined && conditions.create === false) {
    throw notSupported('create-only writes', 'conditions.create')
  }
  if (checked.ifMatch !== undefined && conditions.update === false) {
    throw notSupported('writes under an ETag', 'conditions.update')
  }
  return checked
}

export function checkRemoval(
  ifMatch: string | undefined,
  { conditions }: Capabilities,
): Pick<WriteConditions, 'ifMatch'> {
  const checked = checkWriteOptions({ ifMatch })
  if (checked.ifMatch !== undefined && conditions.remove === false) {
    throw notSupported('removal under an ETag', 'conditions.remove')
  }
  return checked
}

/** The content type may still be missing: it can depend on the body. */
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
  return {
    ...(options.attributes === undefined ? {} : { attributes: { contentType, ...attributes } }),
    conditions: checkConditions(options, capabilities),
    ...(options.ifSourceMatch === undefined ? {} : { ifSourceMatch: checkTag('ifSourceMatch', options.ifSourceMatch) }),
    ...checkServiceOptions(options, capabilities),
  }
}

export function partLimits({ parts }: Capabilities): PartLimits {
  if (parts === false) throw notSupported('part uploads', 'parts')
  return parts
}

export function checkUploadReference(upload: PartUploadReference, capabilities: Capabilities): void {
  partLimits(capabilities)
  checkLocation(upload, capabilities)
  if (typeof upload.id !== 'string' || !/^[!-~]{1,8192}$/.test(upload.id)) {
    throw invalid('upload', "the upload's id is not one that was given out here")
  }
}

export function checkPartUpload(upload: PartUpload, capabilities: Capabilities): void {
  checkUploadReference(upload, capabilities)
  positive('upload.partSize', upload.partSize)
}

export function checkPartNumber(partNumber: unknown, { maxParts }: PartLimits): asserts partNumber is number {
  if (!Number.isInteger(partNumber) || Number(partNumber) < 1 || Number(partNumber) > maxParts) {
    throw invalid('partNumber', `a part's number must be from 1 to ${maxParts}, not ${shown(partNumber)}`)
  }
}

/**
 * `INVALID_PART` unless the parts run from 1 without a gap, and each but the last has the upload's
 * size.
 */
export function checkParts({ partSize }: PartUpload, parts: readonly UploadedPart[]): void {
  const wrong = (message: string) => new StorageError('INVALID_PART', message)
  if (!Array.isArray(parts) || parts.length === 0) throw wrong('an upload is completed with one part or more')
  for (const [index, part] of parts.entries()) {
    const { partNumber, size, tag } = part ?? {}
    if (partNumber !== index + 1) {
      throw wrong(`the parts must be given in order, without gaps: part ${index + 1} is missing`)
    }
    if (typeof tag !== 'string' || tag === '') throw wrong(`part ${partNumber} has no tag`)
    if (!Number.isSafeInteger(size) || size < 0 || (index < parts.length - 1 ? size !== partSize : size > partSize)) {
      throw wrong(`part ${partNumber} has ${shown(size)} bytes, and the upload's parts have ${partSize}`)
    }
  }
}

export function checkSignUrl(
  options: SignUrlOptions,
  { signedUrls }: Capabilities,
): Omit<SignUrlCallOptions, 'signal'> {
  if (signedUrls === false) throw notSupported('signed URLs', 'signedUrls')
  const { method, expiresIn, contentType, size, responseHeaders } = options
  if (method !== 'GET' && method !== 'PUT') throw invalid('method', `method must be GET or PUT, not ${shown(method)}`)
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > signedUrls.maxExpiresIn) {
    throw invalid(
      'expiresIn',
      `expiresIn must be from 1 to ${signedUrls.maxExpiresIn} seconds, not ${shown(expiresIn)}`,
    )
  }
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

function checkResponseHeaders(headers: NonNullable<SignUrlOptions['responseHeaders']>): void {
  checkOptions('responseHeaders', headers, responseHeaderNames)
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) checkHeaderValue(name, value)
  }
}
