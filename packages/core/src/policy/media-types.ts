/** Media types: their other names, and which of them can be types of the same content. */
import mime from 'mime'
import { contentTypeByExtension } from '../upload/content-type.js'
import { type Detected, isDetectable } from './detection.js'

/** Returns a media type without its parameters, in lower case. */
export function essence(contentType: string): string {
  const end = contentType.indexOf(';')
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

/** Other names under which browsers, systems and libraries send a type. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['image/jpg', 'image/jpeg'],
  ['image/pjpeg', 'image/jpeg'],
  ['image/x-png', 'image/png'],
  ['image/apng', 'image/png'],
  ['image/x-ms-bmp', 'image/bmp'],
  ['image/heif', 'image/heic'],
  ['image/vnd.microsoft.icon', 'image/x-icon'],
  ['application/x-pdf', 'application/pdf'],
  ['application/x-zip-compressed', 'application/zip'],
  ['application/x-zip', 'application/zip'],
  ['application/x-gzip', 'application/gzip'],
  ['application/vnd.rar', 'application/x-rar-compressed'],
  ['application/x-javascript', 'text/javascript'],
  ['application/javascript', 'text/javascript'],
  ['text/xml', 'application/xml'],
  ['text/x-markdown', 'text/markdown'],
  ['application/rtf', 'text/rtf'],
  ['application/x-dosexec', 'application/x-msdownload'],
  ['application/x-msdos-program', 'application/x-msdownload'],
  ['audio/mp3', 'audio/mpeg'],
  ['audio/x-mp3', 'audio/mpeg'],
  ['audio/x-wav', 'audio/wav'],
  ['audio/wave', 'audio/wav'],
  ['audio/vnd.wave', 'audio/wav'],
  ['audio/x-flac', 'audio/flac'],
  ['audio/x-m4a', 'audio/mp4'],
  ['audio/x-aac', 'audio/aac'],
  ['audio/x-aiff', 'audio/aiff'],
  ['video/x-m4v', 'video/mp4'],
  ['video/avi', 'video/vnd.avi'],
  ['video/x-msvideo', 'video/vnd.avi'],
  ['video/x-matroska', 'video/matroska'],
])

/** Returns the usual name of a type without parameters. */
export const canonicalType = (type: string): string => aliases.get(type) ?? type

/**
 * Formats that others are made of. What is detected as the first is also each of the others, which
 * the head alone may not tell apart.
 */
const containers: readonly (readonly [format: string, made: RegExp])[] = [
  [
    'application/zip',
    /^application\/(?:epub\+zip|java-archive|x-xpinstall|vnd\.(?:openxmlformats-|oasis\.opendocument|ms-|android|apple\.|google-earth\.kmz))/,
  ],
  ['application/x-cfb', /^application\/(?:msword|vnd\.(?:ms-|visio)|x-msi)/],
  ['application/xml', /^(?:application|image|text|model)\/(?:.+\+xml|xml)$/],
  ['application/gzip', /^application\/(?:x-tar|x-compressed|x-gtar|x-tgz)$/],
  ['audio/mp4', /^(?:audio|video)\/mp4$/],
  ['video/mp4', /^(?:audio\/mp4|video\/(?:quicktime|3gpp2?))$/],
  ['video/quicktime', /^(?:audio|video)\/mp4$/],
  ['video/matroska', /^(?:audio|video)\/(?:webm|matroska)$/],
  ['video/webm', /^audio\/webm$/],
  ['application/ogg', /^(?:audio|video)\/ogg$/],
  ['audio/ogg', /^(?:application|video)\/ogg$/],
  ['application/x-msdownload', /^application\/(?:vnd\.microsoft\.portable-executable|octet-stream)$/],
]

/** Whether content that was detected as one type can be the other. */
const canBe = (found: string, type: string): boolean =>
  found === type || containers.some(([format, made]) => format === found && made.test(type))

/** Whether a name's extension fits a type. A name without an extension fits every type. */
export function nameFits(name: string, type: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1)
  const dot = base.lastIndexOf('.')
  if (dot <= 0) return true
  const extension = base.slice(dot + 1).toLowerCase()
  const canonical = canonicalType(type)
  const named = contentTypeByExtension(extension)
  if (named !== undefined && canonicalType(named) === canonical) return true
  // `.ts` and `.mts` are video or source text.
  if ((extension === 'ts' || extension === 'mts') && canonical.startsWith('text/')) return true
  // Last, because it copies a set.
  return [type, canonical].some((name) => mime.getAllExtensions(name)?.has(extension) === true)
}

/** Types that are text although their names do not begin with `text/`. */
const textTypes =
  /^(?:text\/.+|.+\/(?:json|xml|.+\+(?:json|xml)|yaml|x-yaml|toml|sql|x-sh|ecmascript|typescript|x-ndjson|x-httpd-php))$/

const isTextType = (type: string): boolean => textTypes.test(type)

/** Text formats whose beginning detection recognizes. XML may begin without a declaration. */
const recognizedText = /^text\/(?:rtf|calendar|vcard|vtt)$/

/**
 * Returns whether a type fits what was found in the content. Returns a promise only for content
 * that was not recognized.
 */
export function contentFits(type: string, found: Detected): boolean | Promise<boolean> {
  const claimed = canonicalType(type)
  if (claimed === 'application/octet-stream') return true
  const detected = found.type === undefined ? undefined : canonicalType(found.type)
  if (detected !== undefined && canBe(detected, claimed)) return true
  // Text in another text format is still text.
  if (found.text) return isTextType(claimed) && !recognizedText.test(claimed)
  if (detected !== undefined || isTextType(claimed)) return false
  return isDetectable(claimed).then((detectable) => !detectable)
}
