/**
 * A file's content type: by its name, else by its first bytes.
 */
import mime from 'mime'

/** What a file is when nothing tells (RFC 2046, 4.5.1). */
export const unknownContentType = 'application/octet-stream'

/** Bytes from a file's beginning that detection by content looks at. */
export const detectionBytes = 4100

/**
 * Extensions of MPEG transport streams that TypeScript has too. The content shows which it is:
 * `contentTypeByContent` knows the streams.
 */
const ambiguousExtensions: ReadonlySet<string> = new Set(['ts', 'mts'])

/**
 * The type that a file's name tells by its extension; `undefined` when it tells nothing, as `.ts`, which
 * is video or source text.
 */
export function contentTypeByName(name: string): string | undefined {
  const dot = name.lastIndexOf('.')
  if (dot <= name.lastIndexOf('/') + 1) return undefined
  const extension = name.slice(dot + 1)
  if (ambiguousExtensions.has(extension.toLowerCase())) return undefined
  return mime.getType(extension) ?? undefined
}

/** The type that a file's first bytes tell; `undefined` when they tell nothing, as those of text. */
export async function contentTypeByContent(start: Uint8Array): Promise<string | undefined> {
  if (start.length === 0) return undefined
  const { fileTypeFromBuffer } = await import('file-type')
  return (await fileTypeFromBuffer(start.subarray(0, detectionBytes)))?.mime
}
