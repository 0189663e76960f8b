/**
 * The charset of text that was stored without one. Browsers take such text for windows-1252, so UTF-8
 * has to be declared; and only UTF-8, since what is declared wrongly cannot be corrected by a reader.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import { type FileInfo, isStorageError, type OpenedFile, type StorageService } from '@stowage/core'

/** Bytes from a file's beginning that decide: all of most texts. */
const decisiveBytes = 65_536

/** Shifts ISO-2022 encodings out of ASCII. */
const escapeByte = 0x1b

/**
 * The file's content type, with `; charset=utf-8` where it is text, states no charset, and its first
 * 64 KiB are UTF-8. Every response about a version has the same: HEAD, ranges and the whole file.
 *
 * @param opened The version, where it is open: its content is used when it has the bytes.
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
 * Whether text that begins like this is UTF-8. A beginning in ASCII shows nothing of what follows it,
 * and text in ASCII that escapes is in another encoding.
 */
function isDeclarable(start: Uint8Array, size: number): boolean {
  if (start.length === size) return isUtf8(start) && !(start.includes(escapeByte) && isAscii(start))
  if (isAscii(start)) return false
  // The last character may be cut.
  return [0, 1, 2, 3].some((cut) => isUtf8(start.subarray(0, start.length - cut)))
}

function startIn(opened: OpenedFile | undefined): Uint8Array | undefined {
  if (opened?.info.size === 0) return new Uint8Array()
  if (opened?.content === undefined || opened.offset !== 0) return undefined
  const { content, info } = opened
  return content.length >= Math.min(info.size, decisiveBytes) ? content.subarray(0, decisiveBytes) : undefined
}

/** `undefined` when it cannot be read, or the file was replaced: then nothing is declared. */
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
