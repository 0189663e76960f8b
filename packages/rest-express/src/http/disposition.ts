/**
 * How a browser handles a download: Content-Disposition (RFC 6266, RFC 8187), Content-Security-Policy, and the types that it may
 * show by itself.
 */
import { parse } from 'content-disposition'
import { essence } from '../options.js'

/** Types that run no script: these alone may be shown in the page's own origin. */
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

/** Whether a file of this type is shown (`inline`); compared without parameters, so that none of them can make a difference. */
function mayBeInline(contentType: string): boolean {
  const type = essence(contentType)
  return inlineTypes.has(type) || isMedia(type)
}

/**
 * The header that keeps a file from acting in the page's own origin. A browser plays audio and video in a page of its own making,
 * whose player loads the file once more: not from a sandbox, whose origin is none, and only where media may be loaded.
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

/** What is not well-formed, and every other kind, is an attachment (RFC 6266, 4.2). */
function parseDisposition(header: string): Disposition {
  if (!grammar.test(header)) return { kind: 'attachment', filename: undefined }
  const { type, parameters } = parse(header)
  const { filename } = parameters
  return {
    kind: type === 'inline' ? 'inline' : 'attachment',
    filename: filename === undefined ? undefined : decoded(filename),
  }
}

/** Programs write UTF-8 where the header has bytes of no stated encoding, which Node hands out as Latin-1. */
function decoded(text: string): string {
  if (!/^[\x00-\xff]*$/.test(text)) return text
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'))
  } catch {
    return text
  }
}

/** The Content-Disposition that a client states, as it is stored: well-formed, in ASCII, and with nothing else than these two. */
export function normalDisposition(header: string): string {
  const { kind, filename } = parseDisposition(header)
  return filename === undefined ? kind : format(kind, downloadName(filename))
}

/**
 * The header for a download. `stored` is the file's own attribute: its name counts, and `attachment` does; `inline` only for a type
 * that may be shown.
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

/** The last segment, without control characters and the marks that make text run backwards. */
function downloadName(file: string): string {
  const segments = file.split('/').filter((segment) => segment !== '')
  const name = (segments.at(-1) ?? '').replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
  return /^\.{0,2}$/.test(name) ? 'download' : name
}

/** What clients that don't know `filename*` get: ASCII, without what they parse differently (RFC 6266, appendix D). */
const fallback = (name: string) => name.replace(/[^ -~]/gu, '_').replace(/["\\%/]/g, '_')

const extended = (name: string) =>
  encodeURIComponent(name).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
