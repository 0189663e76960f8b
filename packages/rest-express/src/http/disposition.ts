/**
 * Headers that control how browsers handle a download: Content-Disposition (RFC 6266, RFC 8187) and
 * Content-Security-Policy.
 */
import { parse } from 'content-disposition'
import { essence } from '../options.js'

/** Types that cannot run scripts: only these may be displayed in the origin of the page. */
const inlineTypes = new Set([
  'image/apng',
  'image/avif',
  'image/bmp',
  'image/gif',
  'image/heic',
  'image/heif',
  'image/jpeg',
  'image/png',
  'image/tiff',
  'image/vnd.microsoft.icon',
  'image/webp',
  'image/x-icon',
  'text/plain',
])

const audioOrVideo = /^(?:audio|video)\/[a-z0-9][a-z0-9.+-]*$/

const isMedia = (type: string) => audioOrVideo.test(type) && !type.endsWith('xml')

/** Whether a file of this type may be displayed (`inline`). Parameters are ignored. */
function mayBeInline(contentType: string): boolean {
  const type = essence(contentType)
  return inlineTypes.has(type) || isMedia(type)
}

/**
 * The Content-Security-Policy that keeps a file from acting in the origin of the page. A browser
 * plays audio and video in a page that it generates, whose player loads the file again. That fails
 * in a sandbox, which has no origin, and needs `media-src`.
 */
export const contentSecurityPolicy = (contentType: string): string =>
  isMedia(essence(contentType)) ? "default-src 'none'; media-src 'self'" : "sandbox; default-src 'none'"

interface Disposition {
  readonly kind: 'inline' | 'attachment'
  readonly filename: string | undefined
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const quotedString = '"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"'
/** RFC 6266, 4.1. */
const grammar = new RegExp(
  `^[\\t ]*${token}(?:[\\t ]*;[\\t ]*${token}[\\t ]*=[\\t ]*(?:${token}|${quotedString}))*[\\t ]*$`,
)

/** Parses the header. A malformed one, and every unknown type, is an attachment (RFC 6266, 4.2). */
function parseDisposition(header: string): Disposition {
  if (!grammar.test(header)) return { kind: 'attachment', filename: undefined }
  const { type, parameters } = parse(header)
  const { filename } = parameters
  return {
    kind: type === 'inline' ? 'inline' : 'attachment',
    filename: filename === undefined ? undefined : decoded(filename),
  }
}

/** Decodes UTF-8, which clients send in headers, and which Node decodes as Latin-1. */
function decoded(text: string): string {
  if (!/^[\x00-\xff]*$/.test(text)) return text
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'))
  } catch {
    return text
  }
}

/** The filename in the Content-Disposition of a client; `undefined` if there is none. */
export const dispositionFilename = (header: string | undefined): string | undefined =>
  header === undefined ? undefined : parseDisposition(header).filename

/**
 * The Content-Disposition of a client in stored form: well-formed, in ASCII, with only the type and
 * the filename.
 */
export function normalDisposition(header: string): string {
  const { kind, filename } = parseDisposition(header)
  return filename === undefined ? kind : format(kind, downloadName(filename))
}

/**
 * The Content-Disposition of a download.
 *
 * @param stored The attribute of the file. Its filename and `attachment` are used; `inline` only
 *   for a type that may be displayed.
 */
export function contentDisposition(file: string, contentType: string, stored: string | undefined): string {
  const own: Disposition = stored === undefined ? { kind: 'inline', filename: undefined } : parseDisposition(stored)
  const kind = mayBeInline(contentType) ? own.kind : 'attachment'
  return format(kind, downloadName(own.filename ?? file))
}

const plainName = /^[A-Za-z0-9_~][A-Za-z0-9_~.,+=@ -]*$/

function format(kind: Disposition['kind'], name: string): string {
  if (plainName.test(name)) return `${kind}; filename="${name}"`
  return `${kind}; filename="${fallback(name)}"; filename*=UTF-8''${extended(name)}`
}

/** The last segment, without control characters and bidirectional marks. */
function downloadName(file: string): string {
  const segments = file.split('/').filter((segment) => segment !== '')
  const name = (segments.at(-1) ?? '').replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
  return /^\.{0,2}$/.test(name) ? 'download' : name
}

/**
 * For clients that do not support `filename*`: ASCII, without characters that clients parse
 * differently (RFC 6266, appendix D).
 */
const fallback = (name: string) => name.replace(/[^ -~]/gu, '_').replace(/["\\%/]/g, '_')

const extended = (name: string) =>
  encodeURIComponent(name).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
