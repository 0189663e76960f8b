/** The `Upload-Metadata` of tus: `key base64,key2 base64`, where a value may be missing. */
import { StorageError } from '@stowage/core'

/** Bytes: it becomes part of the upload's URL, which servers and proxies limit. */
const maxBytes = 4096

/**
 * Parses the header. Keys are unique.
 *
 * @throws `INVALID_ARGUMENT` for another grammar, and `TOO_LARGE` for more than 4,096 bytes.
 */
export function parseUploadMetadata(header: string | undefined): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>()
  if (header === undefined || header.trim() === '') return metadata
  if (header.length > maxBytes) {
    throw new StorageError('TOO_LARGE', `Upload-Metadata must have at most ${maxBytes} bytes`)
  }
  for (const pair of header.split(',')) {
    const [, key, encoded = ''] = /^\s*([!-+\--~]+)(?: +([A-Za-z0-9+/]*={0,2}))?\s*$/.exec(pair) ?? []
    const value = Buffer.from(encoded, 'base64')
    if (key === undefined || withoutPadding(value.toString('base64')) !== withoutPadding(encoded)) {
      throw invalid('Upload-Metadata must be pairs of a key and a Base64 value, separated by commas')
    }
    if (metadata.has(key)) throw invalid(`Upload-Metadata has the key ${JSON.stringify(key)} twice`)
    metadata.set(key, value.toString())
  }
  return metadata
}

/** The media type in metadata; `undefined` if there is none, or an empty one. */
export const typeIn = (metadata: ReadonlyMap<string, string>): string | undefined =>
  metadata.get('filetype') || metadata.get('type') || undefined

const withoutPadding = (text: string) => text.replace(/=+$/, '')

const invalid = (message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property: 'Upload-Metadata' } })
