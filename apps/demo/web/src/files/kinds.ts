/**
 * What a file is, as far as its icon and its preview go.
 */
import type { IconName } from '../layout/icons.tsx'

export type Kind = 'image' | 'video' | 'audio' | 'text' | 'other'

const extensions: Readonly<Record<string, readonly [Kind, IconName]>> = Object.fromEntries(
  (
    [
      ['image', 'image', 'png jpg jpeg gif webp avif svg bmp ico'],
      ['video', 'video', 'mp4 webm mov m4v ogv mkv'],
      ['audio', 'audio', 'mp3 wav ogg oga opus m4a flac aac weba'],
      ['text', 'text', 'txt md log csv tsv rst ini conf cfg env'],
      ['text', 'code', 'js mjs cjs ts tsx jsx json html htm css xml yml yaml toml sh py rb rs go java c h cpp sql'],
      ['other', 'archive', 'zip gz tgz tar bz2 xz 7z rar zst'],
      ['other', 'text', 'pdf doc docx odt rtf ppt pptx xls xlsx ods'],
    ] as const
  ).flatMap(([kind, icon, names]) => names.split(' ').map((name) => [name, [kind, icon] as const])),
)

const extensionOf = (name: string) => /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''

/** By the name only, for lists, which have no types. */
export const kindByName = (name: string): Kind => extensions[extensionOf(name)]?.[0] ?? 'other'

export const iconByName = (name: string): IconName => extensions[extensionOf(name)]?.[1] ?? 'file'

const textTypes =
  /^(?:text\/|application\/(?:json|xml|javascript|yaml|x-yaml|toml|sql|x-sh|x-httpd-php)|[^/]+\/[^/]+\+(?:json|xml)$)/

/**
 * By the media type that the storage has. HTML and everything like it is text here, and nothing
 * else.
 */
export function kindByType(contentType: string, name: string): Kind {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type.startsWith('image/')) return 'image'
  if (type.startsWith('video/')) return 'video'
  if (type.startsWith('audio/')) return 'audio'
  if (textTypes.test(type)) return 'text'
  return type === 'application/octet-stream' && kindByName(name) === 'text' ? 'text' : 'other'
}
