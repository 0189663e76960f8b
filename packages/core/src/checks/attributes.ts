/**
 * Checks the attributes of callers against the contract and the provider's limits, before any
 * request.
 */
import {
  type HeaderAttribute,
  type HeaderAttributeRule,
  headerAttributeNames,
  headerAttributes,
  type MutableHeaderAttributes,
} from '../contract/attributes.js'
import type { Capabilities } from '../contract/capabilities.js'
import { StorageError } from '../contract/errors.js'
import type { Checksums, FileAttributes } from '../contract/files.js'
import { defined } from '../kit/defined.js'
import { invalid } from './invalid.js'
import { checkContentType } from './media-type.js'

/**
 * Visible ASCII with spaces inside: the values that every service stores unchanged. HTTP also
 * allows tabs (RFC 9110, 5.5), but services replace them by spaces, some of them before they verify
 * the signature.
 */
const headerValue = /^[!-~](?:[ -~]*[!-~])?$/

const digestLengths = { md5: 32, sha256: 64, crc32c: 8 } as const

/** Makes the error of a missing capability. */
export const notSupported = (what: string, capability: string): StorageError =>
  new StorageError('NOT_SUPPORTED', `this provider does not support ${what} (capabilities.${capability})`, {
    details: { capability },
  })

/** Makes the error of a capability that the setting `signedUrls` adds. */
export const needsSetting = (what: string, capability: string): StorageError =>
  new StorageError(
    'NOT_SUPPORTED',
    `this provider supports ${what} only with the setting signedUrls (capabilities.${capability})`,
    { details: { capability } },
  )

export type CheckedAttributes = FileAttributes & { readonly metadata: Readonly<Record<string, string>> }

/**
 * Returns the attributes among the options. `metadata` is always present, with keys in lower case.
 */
export function checkAttributes(options: FileAttributes, capabilities: Capabilities): CheckedAttributes {
  const { contentType, metadata } = options
  const { attributes: supported } = capabilities
  const checked: MutableHeaderAttributes & { metadata: Record<string, string>; contentType?: string } = {
    metadata: metadata === undefined ? {} : checkMetadata(metadata, supported.maxMetadataBytes),
  }
  if (contentType !== undefined) {
    checkContentType(contentType)
    checked.contentType = contentType
  }
  for (const name of headerAttributeNames) {
    if (options[name] !== undefined) checked[name] = checkHeader(name, options[name], supported)
  }
  return checked
}

function checkHeader(name: HeaderAttribute, value: unknown, capabilities: Capabilities['attributes']): string {
  if (!capabilities[name]) throw notSupported(name, `attributes.${name}`)
  const checked = checkHeaderValue(name, value)
  const { rule, meets }: HeaderAttributeRule = headerAttributes[name]
  if (meets !== undefined && !meets(checked)) throw invalid(name, `${name} must be ${rule}`)
  return checked
}

/** Returns a header's value that every service accepts. */
export function checkHeaderValue(name: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= 1024 && headerValue.test(value)) return value
  throw invalid(
    name,
    `${name} must be 1 to 1,024 characters of visible ASCII, without tabs and without spaces at the ends`,
  )
}

function checkMetadata(metadata: Readonly<Record<string, string>>, maxBytes: number): Record<string, string> {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw invalid('metadata', 'metadata must be an object of strings')
  }
  const entries = new Map<string, string>()
  let bytes = 0
  for (const [key, value] of Object.entries(metadata)) {
    if (key === '') throw invalid('metadata', 'a metadata key must not be empty')
    if (typeof value !== 'string') {
      throw invalid('metadata', `metadata value of ${JSON.stringify(key)} must be a string, not ${typeof value}`)
    }
    if (!key.isWellFormed() || !value.isWellFormed()) {
      throw invalid('metadata', `metadata key ${JSON.stringify(key)} or its value contains a lone surrogate`)
    }
    const lowered = key.toLowerCase()
    if (entries.has(lowered)) {
      throw invalid('metadata', `metadata has two keys that differ only in case: ${JSON.stringify(key)} and another`)
    }
    entries.set(lowered, value)
    bytes += Buffer.byteLength(lowered) + Buffer.byteLength(value)
  }
  if (entries.size > 0 && maxBytes === 0) throw notSupported('metadata', 'attributes.maxMetadataBytes')
  if (bytes > maxBytes) {
    throw invalid('metadata', `metadata has ${bytes} bytes; this provider stores at most ${maxBytes}`)
  }
  return Object.fromEntries(entries)
}

/**
 * Returns the checksums among the options. The provider must support those that core cannot verify.
 */
export function checkChecksums(checksums: Checksums | undefined, capabilities: Capabilities): Checksums {
  const checked: Record<string, string> = {}
  if (checksums === undefined) return checked
  if (typeof checksums !== 'object' || checksums === null) {
    throw invalid('checksums', 'checksums must be an object, such as {"md5": "…"}')
  }
  for (const [algorithm, value] of Object.entries(checksums)) {
    if (value === undefined) continue
    if (!Object.hasOwn(digestLengths, algorithm)) {
      throw invalid('checksums', `unknown checksum ${JSON.stringify(algorithm)} (known: md5, sha256, crc32c)`)
    }
    const name = algorithm as keyof typeof digestLengths
    if (name === 'crc32c' && !capabilities.checksums.includes('crc32c')) throw notSupported('crc32c', 'checksums')
    if (typeof value !== 'string' || value.length !== digestLengths[name] || !/^[0-9a-f]+$/.test(value)) {
      throw invalid('checksums', `checksum ${name} must be ${digestLengths[name]} lower-case hexadecimal digits`)
    }
    checked[name] = value
  }
  return checked
}

/** Returns the options of one service, by the names that the provider lists. */
export function checkServiceOptions(
  options: { readonly acl?: string; readonly native?: Readonly<Record<string, unknown>> },
  capabilities: Capabilities,
): { readonly acl?: string; readonly native: Readonly<Record<string, unknown>> } {
  const { acl, native } = options
  if (acl === undefined && native === undefined) return { native: {} }
  if (native !== undefined && (typeof native !== 'object' || native === null || Array.isArray(native)))
    throw invalid('native', 'native must be an object')
  if (acl !== undefined) {
    if (!capabilities.acl) throw notSupported('access lists', 'acl')
    if (typeof acl !== 'string' || !headerValue.test(acl)) throw invalid('acl', 'acl must be a string of visible ASCII')
  }
  for (const name of Object.keys(native ?? {})) {
    if (!capabilities.nativeOptions.includes(name))
      throw notSupported(`the option ${JSON.stringify(name)}`, 'nativeOptions')
  }
  return { ...defined({ acl }), native: { ...native } }
}
