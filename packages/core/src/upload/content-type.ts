/** Detects a file's content type by its name, or else by its first bytes. */
import mime from 'mime'

/** The content type of a file whose type is not known (RFC 2046, 4.5.1). */
export const unknownContentType = 'application/octet-stream'

/** Bytes at a file's beginning that detection by content reads. */
export const detectionBytes = 4100

/**
 * Extensions of both MPEG transport streams and TypeScript. `contentTypeByContent` recognizes the
 * streams.
 */
const ambiguousExtensions: ReadonlySet<string> = new Set(['ts', 'mts'])

/**
 * Returns the content type for a file name's extension. Returns `undefined` if it is unknown or
 * ambiguous, such as `.ts`, which is video or source text.
 *
 * @example
 * contentTypeByName('cat.jpg') // 'image/jpeg'
 */
export function contentTypeByName(name: string): string | undefined {
  const dot = name.lastIndexOf('.')
  if (dot <= name.lastIndexOf('/') + 1) return undefined
  const extension = name.slice(dot + 1).toLowerCase()
  return ambiguousExtensions.has(extension) ? undefined : contentTypeByExtension(extension)
}

/** The types of extensions that were used before. It has only extensions that have a type. */
const knownExtensions = new Map<string, string>()

/** Returns the content type of an extension in lower case, without the dot. */
export function contentTypeByExtension(extension: string): string | undefined {
  const known = knownExtensions.get(extension)
  if (known !== undefined) return known
  const type = mime.getType(extension) ?? undefined
  if (type !== undefined) knownExtensions.set(extension, type)
  return type
}

/**
 * Returns the content type of a file's first bytes, of which up to 4,100 are read. Returns
 * `undefined` if they are not recognized, such as text.
 *
 * @example
 * await contentTypeByContent(Buffer.from('%PDF-1.7')) // 'application/pdf'
 */
export async function contentTypeByContent(start: Uint8Array): Promise<string | undefined> {
  if (start.length === 0) return undefined
  const { fileTypeFromBuffer } = await import('file-type')
  return (await fileTypeFromBuffer(start.subarray(0, detectionBytes)))?.mime
}

/** Returns the content types that {@link contentTypeByContent} recognizes. */
export async function detectableTypes(): Promise<Iterable<string>> {
  return (await import('file-type')).supportedMimeTypes
}
