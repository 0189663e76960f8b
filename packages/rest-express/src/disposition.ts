/**
 * Content-Disposition (RFC 6266, RFC 8187), and which types a browser may show by itself.
 */

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

/** Whether a file of this type is shown (`inline`); compared without parameters, so that none of them can make a difference. */
function mayBeInline(contentType: string): boolean {
  const end = contentType.indexOf(';')
  const type = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
  return inlineTypes.has(type) || (audioOrVideo.test(type) && !type.endsWith('xml'))
}

const plainName = /^[A-Za-z0-9_~][A-Za-z0-9_~.,+=@ -]*$/

/**
 * The header for a download. `stored` is the file's own attribute: it counts where it is no less strict than what we would say.
 */
export function contentDisposition(file: string, contentType: string, stored: string | undefined): string {
  const inline = mayBeInline(contentType)
  if (stored !== undefined && /^[\t -~]+$/.test(stored)) {
    const kind = /^[a-z]+/i.exec(stored)?.[0].toLowerCase()
    if (kind === 'attachment' || (kind === 'inline' && inline)) return stored
  }
  const kind = inline ? 'inline' : 'attachment'
  const name = downloadName(file)
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
