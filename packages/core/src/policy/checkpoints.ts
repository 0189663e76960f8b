/**
 * The checks of a file that is announced, and of its head. They need no I/O. What needs the whole
 * file is in `inspection.ts`.
 */
import type { StorageError } from '../contract/errors.js'
import type { FileLocation } from '../contract/files.js'
import { defined } from '../kit/defined.js'
import { contentTypeByName, unknownContentType } from '../upload/content-type.js'
import { allowedType, type CompiledPolicy } from './compile.js'
import { type Detected, detectContent } from './detection.js'
import { DimensionsReader, type DimensionsResult } from './image-dimensions.js'
import { canonicalType, contentFits, essence, nameFits } from './media-types.js'
import type { AnnouncedFile } from './policy.js'
import { bytesInWords, refusal, typesInWords } from './refusal.js'

/** Bytes of a file that decide before any of it is stored. */
export const headBytes = 64 * 1024
/** Bytes that detection needs, if no image is measured. */
const detectionHead = 4100

/** What a call states of a file, as rules read it. */
export const announcedFile = (
  { container, file }: FileLocation,
  { contentType, size }: { readonly contentType?: string | undefined; readonly size?: number | undefined },
): AnnouncedFile => ({ container, name: file, ...defined({ contentType, size }) })

/** Returns how many bytes of the file the rules need before the first byte is stored. */
export function headLength(policy: CompiledPolicy): number {
  if (policy.images.length > 0) return headBytes
  return policy.agrees || policy.detects ? detectionHead : 0
}

/**
 * Checks what is known of a file before its body. Returns the type with which it will be stored, or
 * `undefined` if the content decides that.
 *
 * Fails with `INVALID_NAME`, `TYPE_NOT_ALLOWED`, `CONTENT_REFUSED` and `TOO_LARGE`.
 */
export async function checkAnnounced(policy: CompiledPolicy, file: AnnouncedFile): Promise<string | undefined> {
  for (const { allows, pattern } of policy.names) {
    if (await allows(file)) continue
    const rule = pattern === undefined ? '' : ` (allowed: ${pattern})`
    throw refusal(file, 'INVALID_NAME', 'names', `files may not have the name ${JSON.stringify(file.name)}${rule}`)
  }
  const type = announcedType(policy, file)
  checkSize(policy, file, file.size)
  return type
}

function checkSize({ maxSize }: CompiledPolicy, file: AnnouncedFile, size: number | undefined): void {
  if (maxSize !== undefined && size !== undefined && size > maxSize) throw tooLargeRefusal(file, maxSize, size)
}

/** Makes the refusal of a file that is larger than allowed. */
export const tooLargeRefusal = (file: AnnouncedFile, maxSize: number, size?: number) => {
  const has = size === undefined ? 'is larger than' : `has ${size} bytes, more than`
  const message = `the file ${has} the limit of ${bytesInWords(maxSize)}`
  return refusal(file, 'TOO_LARGE', 'maxSize', message, { size: maxSize })
}

function announcedType(policy: CompiledPolicy, file: AnnouncedFile): string | undefined {
  const { contentType, name } = file
  const named = contentTypeByName(name)
  if (policy.agrees && contentType !== undefined && !nameFits(name, essence(contentType))) {
    const message = `the name ${JSON.stringify(name)} does not fit the type "${essence(contentType)}"`
    throw refusal(file, 'CONTENT_REFUSED', 'content', message)
  }
  if (policy.agrees && contentType === undefined && named === undefined && hasExtension(name)) {
    throw refusal(file, 'CONTENT_REFUSED', 'content', `the extension of ${JSON.stringify(name)} is unknown`)
  }
  if (policy.detects) return undefined
  const claimed = contentType ?? named
  // The content decides.
  if (claimed === undefined && (policy.agrees || policy.types.length === 0)) return undefined
  return checkType(policy, file, claimed ?? unknownContentType)
}

const hasExtension = (name: string): boolean => name.lastIndexOf('.') > name.lastIndexOf('/') + 1

/** Returns the type under which the file is stored, with its parameters, if it is allowed. */
function checkType(policy: CompiledPolicy, file: AnnouncedFile, type: string, found?: string): string {
  const bare = essence(type)
  const allowed = allowedType(policy, bare)
  if (allowed === bare) return type
  if (allowed !== undefined) return allowed + type.slice(type.indexOf(';') === -1 ? type.length : type.indexOf(';'))
  const lists = policy.types.map((types) => typesInWords(types)).join('; ')
  throw refusal(file, 'TYPE_NOT_ALLOWED', 'types', `files of type "${bare}" are not allowed (allowed: ${lists})`, {
    found: found ?? bare,
  })
}

/** The result of the head. */
export interface HeadResult {
  /** The type with which the file is stored. */
  readonly type: string
  /** Reads the rest of a JPEG whose dimensions are not in the head. */
  readonly dimensions?: DimensionsReader
}

/**
 * Checks the first bytes of a file.
 *
 * Fails with `TYPE_NOT_ALLOWED` and `CONTENT_REFUSED`.
 *
 * @param type What {@link checkAnnounced} returned.
 * @param isWhole Whether the file ends with the head.
 */
export async function checkHead(
  policy: CompiledPolicy,
  file: AnnouncedFile,
  type: string | undefined,
  head: Uint8Array,
  isWhole: boolean,
): Promise<HeadResult> {
  // Most content is recognized at once. Each `await` delays every upload.
  const detecting = detectContent(head, policy.detects)
  const found = detecting instanceof Promise ? await detecting : detecting
  const detected = found.type ?? (found.text ? 'text/plain' : unknownContentType)
  if (policy.agrees) {
    const claimed = type ?? file.contentType
    const fits = claimed === undefined ? nameFits(file.name, detected) : contentFits(essence(claimed), found)
    if (fits !== true && !(await fits)) throw disagreement(file, claimed, found, head.length === 0)
  }
  const stored = policy.detects || type === undefined ? checkType(policy, file, detected, detected) : type
  if (policy.images.length === 0 || !(isImage(stored) || isImage(detected))) return { type: stored }
  if (head.length === 0) throw unreadableRefusal(file, stored)
  const dimensions = new DimensionsReader(detected)
  const result = dimensions.push(head)
  if (result !== undefined || isWhole) checkDimensions(policy, file, stored, result)
  return result === undefined ? { type: stored, dimensions } : { type: stored }
}

/** A client may state a type in any case. */
const isImage = (type: string): boolean => canonicalType(essence(type)).startsWith('image/')

/** Makes the refusal of content that does not fit the stated type, or the name. */
function disagreement(
  file: AnnouncedFile,
  claimed: string | undefined,
  found: Detected,
  isEmpty: boolean,
): StorageError {
  const what = claimed === undefined ? `the name ${JSON.stringify(file.name)}` : `the type "${essence(claimed)}"`
  if (isEmpty) return refusal(file, 'CONTENT_REFUSED', 'content', `the file is empty, which does not fit ${what}`)
  const content = found.type === undefined ? (found.text ? 'text' : 'of an unknown type') : `"${found.type}"`
  return refusal(file, 'CONTENT_REFUSED', 'content', `the content is ${content}, which does not fit ${what}`, {
    found: found.type ?? (found.text ? 'text/plain' : unknownContentType),
  })
}

/** Makes the refusal of an image whose dimensions are damaged, missing or too far in the file. */
export const unreadableRefusal = (file: AnnouncedFile, type: string) =>
  refusal(file, 'CONTENT_REFUSED', 'image', `the dimensions of the image cannot be read ("${essence(type)}")`)

/** Checks the dimensions of an image; `undefined` if its end came before them. */
export function checkDimensions(
  policy: CompiledPolicy,
  file: AnnouncedFile,
  type: string,
  dimensions: DimensionsResult,
): void {
  if (dimensions === undefined || dimensions === 'unreadable') throw unreadableRefusal(file, type)
  const { width, height } = dimensions
  for (const limits of policy.images) {
    const { maxWidth = width, maxHeight = height, maxPixels = width * height } = limits
    if (width <= maxWidth && height <= maxHeight && width * height <= maxPixels) continue
    const allowed = [
      ...(limits.maxWidth === undefined ? [] : [`a width of ${limits.maxWidth}`]),
      ...(limits.maxHeight === undefined ? [] : [`a height of ${limits.maxHeight}`]),
      ...(limits.maxPixels === undefined ? [] : [`${limits.maxPixels} pixels`]),
    ]
    const message = `the image has ${width} × ${height} pixels, more than the limit (${allowed.join(', ')})`
    throw refusal(file, 'CONTENT_REFUSED', 'image', message)
  }
}

/** Whether the file may be an image, as far as its announced type shows. */
export const mayBeImage = (type: string | undefined): boolean => type === undefined || isImage(type)
