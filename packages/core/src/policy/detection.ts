/**
 * Detects what a file is by its head. The formats that are uploaded most are recognized here, which
 * takes a microsecond; the others by `file-type`. Nothing is decompressed for the formats that are
 * recognized here.
 */
import { isUtf8 } from 'node:buffer'
import { contentTypeByContent, detectableTypes, detectionBytes } from '../upload/content-type.js'
import { imageType } from './image-dimensions.js'

/** What the head of a file shows. */
export interface Detected {
  /** The media type, if the format was recognized. */
  readonly type: string | undefined
  /** Whether it is text. */
  readonly text: boolean
}

const signatures: readonly (readonly [type: string, bytes: Buffer])[] = [
  ['application/pdf', Buffer.from('%PDF-')],
  ['application/gzip', Buffer.from([0x1f, 0x8b])],
]
const zipSignatures: typeof signatures = [
  ['application/zip', Buffer.from('PK\x03\x04')],
  ['application/zip', Buffer.from('PK\x05\x06')],
]
const allSignatures = [...signatures, ...zipSignatures]

const startsWith = (head: Buffer, bytes: Buffer): boolean =>
  head.length >= bytes.length && bytes.every((byte, index) => head[index] === byte)

/**
 * Detects what a file is. Returns a promise only if `file-type` has to look.
 *
 * @param precise Whether a ZIP archive is told apart from the formats that are made of one, for
 *   which small entries of it are decompressed.
 */
export function detectContent(bytes: Uint8Array, precise: boolean): Detected | Promise<Detected> {
  const isHead = Buffer.isBuffer(bytes) && bytes.length <= detectionBytes
  const head = isHead ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, detectionBytes))
  if (head.length === 0) return { type: undefined, text: true }
  const image = imageType(head)
  if (image !== undefined) return { type: image, text: false }
  for (const [type, signature] of precise ? signatures : allSignatures) {
    if (startsWith(head, signature)) return { type, text: false }
  }
  const text = isText(head)
  if (text && !mayBeFormat(head)) return { type: undefined, text }
  return contentTypeByContent(head).then((type) => ({ type, text }))
}

let detectable: ReadonlySet<string> | undefined

/** Returns whether content of a type, under its usual name, is always recognized. */
export async function isDetectable(type: string): Promise<boolean> {
  detectable ??= new Set(await detectableTypes())
  return detectable.has(type)
}

/**
 * Bytes in which control characters are looked for. A zero byte is looked for in the whole head.
 */
const textSample = 512
/**
 * Control characters that text does not contain: all but tab, line feed, form feed, return, escape.
 */
const controls = /[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/

/** Whether bytes are text in UTF-8, or UTF-16 with its byte order mark. */
function isText(head: Buffer): boolean {
  if (head.length >= 2 && (head.readUInt16BE(0) === 0xfeff || head.readUInt16BE(0) === 0xfffe)) return true
  const whole = head.subarray(0, lastCharacterEnd(head))
  return isUtf8(whole) && !whole.includes(0) && !controls.test(whole.toString('latin1', 0, textSample))
}

/** The end of the last character that is complete: the head may end within one. */
function lastCharacterEnd(head: Buffer): number {
  const least = Math.max(0, head.length - 3)
  for (let index = head.length - 1; index >= least; index--) {
    const byte = head[index] as number
    if (byte < 0x80) return head.length
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return index + length > head.length ? index : head.length
    }
  }
  return head.length
}

/** The beginnings of formats whose head is text. */
const formatBeginning =
  /^\s*(?:<|%!|\{\\rtf|BEGIN:|WEBVTT|!<arch>|solid |-----BEGIN|#!|REGEDIT|Windows Registry|ISO-10303|ply|glTF|AC10|070701|SIMPLE)/

const mayBeFormat = (head: Buffer): boolean => formatBeginning.test(head.toString('latin1', 0, 64))
