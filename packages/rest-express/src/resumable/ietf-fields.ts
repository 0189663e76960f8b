/** The header fields of the IETF's protocol, which are structured fields (RFC 9651). */

import { defined } from '@stowage/core/provider'
import { parseItem, serializeDictionary } from 'structured-headers'
import type { HttpRequest } from '../http/messages.js'
import { type InteropVersion, interopVersions, newestVersion } from './interop-versions.js'

/** The value of `Upload-Complete` in a response. */
export const complete = '?1'
export const incomplete = '?0'

/**
 * Whether the request has a field that only the IETF's protocol has. Requests of its final version
 * to the URL of an upload may have none.
 */
export const speaksIetf = ({ headers }: HttpRequest): boolean =>
  headers['upload-complete'] !== undefined || headers['upload-draft-interop-version'] !== undefined

/** `Upload-Complete`: whether the body ends the file. A value of another type is ignored. */
export function uploadComplete({ headers }: HttpRequest): boolean | undefined {
  const value = item(headers['upload-complete'])
  return typeof value === 'boolean' ? value : undefined
}

/** A field that is a number of bytes. A value of another type is ignored. */
export function bytesField({ headers }: HttpRequest, name: 'upload-offset' | 'upload-length'): number | undefined {
  const text = headers[name]
  const value = item(text)
  // "1.0" is a decimal, which is another type than "1".
  return typeof value === 'number' && value >= 0 && !String(text).includes('.') ? value : undefined
}

/** The version of the drafts that the client speaks, if it is one that the server knows. */
export function interopVersion({ headers }: HttpRequest): InteropVersion | undefined {
  const value = item(headers['upload-draft-interop-version'])
  return interopVersions.find(({ version }) => version === value)
}

/** What applies to a client: its version, or the newest one. */
export const dialectOf = (req: HttpRequest): InteropVersion => interopVersion(req) ?? newestVersion

/**
 * `Upload-Limit`.
 *
 * @param maxSize Bytes; `undefined` if the limit depends on the file.
 * @param age Seconds until the upload expires.
 */
export function uploadLimit({ ageKey }: InteropVersion, maxSize: number | undefined, age: number): string {
  const limits = {
    ...defined({ 'max-size': maxSize }),
    ...(ageKey === undefined ? {} : { [ageKey]: age }),
  }
  return serializeDictionary(Object.keys(limits).length === 0 ? { 'min-size': 0 } : limits)
}

function item(header: string | string[] | undefined) {
  if (typeof header !== 'string') return undefined
  try {
    return parseItem(header)[0]
  } catch {
    return undefined
  }
}
