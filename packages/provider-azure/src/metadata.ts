/**
 * Metadata as headers. Azure takes identifiers of C# as keys and ASCII as values, 8 KiB in all; what fits that is sent as it
 * is, and the rest in the forms that other tools know: `_xHHHH_` in keys as in XML names of .NET, RFC 2047 in values.
 */
import { StorageError } from '@stowage/core/provider'

/** Bytes of all keys and values as they are sent ("Setting and retrieving properties and metadata for Blob resources"). */
const maxEncodedBytes = 8192

/**
 * A unit that no key may have there, an underscore that would look like the beginning of an escaped one, or the first one of
 * a key that programs in JavaScript, Azurite among them, mix up with what every object has.
 */
const unfitForKey = /^[0-9]|[^a-z0-9_]|_(?=x[0-9a-f]{4}_)|^_(?=_proto__$)|^c(?=onstructor$)/g
const escapedUnit = /_x([0-9a-f]{4})_/g

/** Visible ASCII with single blanks inside: what no proxy and no signature changes. */
const plainValue = /^[!-~]+( [!-~]+)*$/
const encodedWord = /^=\?utf-8\?b\?([A-Za-z0-9+/]*={0,2})\?=$/i

export function encodeMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const encoded = Object.entries(metadata).map(([key, value]) => [encodeKey(key), encodeValue(value)] as const)
  const bytes = encoded.reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  if (bytes > maxEncodedBytes) {
    throw new StorageError(
      'INVALID_ARGUMENT',
      `the metadata has ${bytes} bytes in the form in which Azure takes it, where keys and values are escaped, and ${maxEncodedBytes} are allowed`,
      { details: { property: 'metadata' } },
    )
  }
  return Object.fromEntries(encoded)
}

export function decodeMetadata(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([key, value]) => [decodeKey(key.toLowerCase()), decodeValue(value)]),
  )
}

const encodeKey = (key: string) =>
  key.replace(unfitForKey, (unit) => `_x${unit.charCodeAt(0).toString(16).padStart(4, '0')}_`)

const decodeKey = (key: string) =>
  key.replace(escapedUnit, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

const encodeValue = (value: string) =>
  plainValue.test(value) && !encodedWord.test(value) ? value : `=?utf-8?B?${Buffer.from(value).toString('base64')}?=`

function decodeValue(value: string): string {
  const base64 = encodedWord.exec(value)?.[1]
  return base64 === undefined ? value : Buffer.from(base64, 'base64').toString()
}
