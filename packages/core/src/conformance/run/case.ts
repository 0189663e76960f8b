/**
 * Cases as data.
 */
import { type Capabilities, mapHeaderAttributes } from '../../provider.js'
import type { CaseContext } from './context.js'

/** Returns the capability that rules a case out, such as `capabilities.parts is false`. */
export type Need = (capabilities: Capabilities) => string | undefined

export interface ConformanceCase {
  /** The letter of the category and a number, such as `C.26`. Never reused for another case. */
  readonly id: string
  readonly name: string
  /** The capability that the case needs. Default: none. */
  readonly needs?: Need
  /** Replaces a case that is ruled out: the operation is rejected before any I/O. */
  readonly rejection?: (context: CaseContext) => Promise<void>
  readonly run: (context: CaseContext) => Promise<void>
}

export interface ConformanceCategory {
  readonly title: string
  readonly cases: readonly ConformanceCase[]
}

const unless = (met: boolean, capability: string, value: unknown) =>
  met ? undefined : `capabilities.${capability} is ${JSON.stringify(value)}`

/** The needs of cases, by capability. */
export const needs = {
  parts: ({ parts }) => unless(parts !== false, 'parts', parts),
  fileBesideFolder: ({ fileBesideFolder }) => unless(fileBesideFolder, 'fileBesideFolder', fileBesideFolder),
  create: ({ conditions }) => unless(conditions.create !== false, 'conditions.create', conditions.create),
  update: ({ conditions }) => unless(conditions.update !== false, 'conditions.update', conditions.update),
  remove: ({ conditions }) => unless(conditions.remove !== false, 'conditions.remove', conditions.remove),
  atomicCreate: ({ conditions }) => unless(conditions.create === 'atomic', 'conditions.create', conditions.create),
  atomicUpdate: ({ conditions }) => unless(conditions.update === 'atomic', 'conditions.update', conditions.update),
  atomicDestroyEmpty: ({ conditions }) =>
    unless(conditions.destroyEmpty === 'atomic', 'conditions.destroyEmpty', conditions.destroyEmpty),
  ...mapHeaderAttributes(
    (name): Need =>
      ({ attributes }) =>
        unless(attributes[name], `attributes.${name}`, false),
  ),
  metadata: ({ attributes }) => unless(attributes.maxMetadataBytes > 0, 'attributes.maxMetadataBytes', 0),
  checksums: ({ checksums }) =>
    checksums.includes('md5') || checksums.includes('sha256')
      ? undefined
      : 'capabilities.checksums has no md5 and no sha256',
  signedUrls: ({ signedUrls }) => unless(signedUrls !== false, 'signedUrls', signedUrls),
  sealedUrls: ({ signedUrls }) =>
    unless(signedUrls !== false && signedUrls.sealed, signedUrls ? 'signedUrls.sealed' : 'signedUrls', false),
  signedContentType: ({ signedUrls }) =>
    unless(signedUrls !== false && signedUrls.contentType, signedUrls ? 'signedUrls.contentType' : 'signedUrls', false),
  signedSize: ({ signedUrls }) =>
    unless(signedUrls !== false && signedUrls.size, signedUrls ? 'signedUrls.size' : 'signedUrls', false),
  signedResponseHeaders: ({ signedUrls }) =>
    unless(
      signedUrls !== false && signedUrls.responseHeaders,
      signedUrls ? 'signedUrls.responseHeaders' : 'signedUrls',
      false,
    ),
} as const satisfies Record<string, Need>

/** Requires all of several needs. */
export const all =
  (...wanted: readonly Need[]): Need =>
  (capabilities) => {
    const missing = wanted.map((need) => need(capabilities)).filter((reason) => reason !== undefined)
    return missing.length === 0 ? undefined : missing.join(' and ')
  }
