/**
 * The charset of text that was stored without one. Browsers read such text as windows-1252, so
 * UTF-8 has to be declared. No other charset is declared, because a reader cannot correct a wrong
 * declaration.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import { type FileInfo, isStorageError, type OpenedFile, type StorageService } from '@stowage/core'

/** Bytes at the start of a file that are examined: most texts are shorter. */
const decisiveBytes = 65_536

/** The byte with which ISO-2022 encodings leave ASCII. */
const escapeByte = 0x1b

/**
 * The content type of a file, with `; charset=utf-8` if it is text, states no charset, and its
 * first 64 KiB are UTF-8. All responses about a version have the same type: HEAD, ranges and the
 * whole file.
 *
 * @param opened The opened version, if any. Its content is used if it has the needed bytes.
 */
export async function typeWithCharset(
  storage: StorageService,
  info: FileInfo,
  signal: AbortSignal,
  opened?: OpenedFile,
): Promise<string> {
  const { contentType, contentEncoding } = info
  if (!/^text\//i.test(contentType) || /;[\t ]*charset[\t ]*=/i.test(contentType)) return contentType
  if (contentEncoding !== undefined) return contentType
  const start = startIn(opened) ?? (await readStart(storage, info, signal))
  return start !== undefined && isDeclarable(start, info.size) ? `${contentType}; charset=utf-8` : contentType
}

/**
 * Whether text that starts with these bytes is UTF-8. A start in ASCII says nothing about the rest,
 * and ASCII text with an escape byte is in another encoding.
 */
function isDeclarable(start: Uint8Array, size: number): boolean {
  if (start.length === size) return isUtf8(start) && !(start.includes(escapeByte) && isAscii(start))
  if (isAscii(start)) return false
  // The last character may be incomplete.
  return [0, 1, 2, 3].some((cut) => isUtf8(start.subarray(0, start.length - cut)))
}

function startIn(opened: OpenedFile | undefined): Uint8Array | undefined {
  if (opened?.info.size === 0) return new Uint8Array()
  if (opened?.content === undefined || opened.offset !== 0) return undefined
  const { content, info } = opened
  return content.length >= Math.min(info.size, decisiveBytes) ? content.subarray(0, decisiveBytes) : undefined
}

/**
 * Reads the start of the file; `undefined` if it cannot be read or was replaced, so that nothing is
 * declared.
 */
async function readStart(
  storage: StorageService,
  { container, name, etag, size }: FileInfo,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (size === 0) return new Uint8Array()
  try {
    const range = { start: 0, end: decisiveBytes - 1 }
    await using opened = await storage.openFile(container, name, { range, ifMatch: etag, signal })
    return await opened.bytes()
  } catch (error) {
    if (!isStorageError(error)) throw error
    return undefined
  }
}
