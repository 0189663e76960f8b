/**
 * Cases as data.
 */
import { type Capabilities, mapHeaderAttributes } from '../../provider.js'
import type { CaseContext } from './context.js'
import type { ConformanceHarness, ServiceFault } from './harness.js'

/**
 * Returns the capability or the hook of the harness that rules a case out, such as
 * `capabilities.parts is false` or `harness.moveClock is missing`.
 */
export type Need = (capabilities: Capabilities, harness: ConformanceHarness) => string | undefined

export interface ConformanceCase {
  /** The letter of the category and a number, such as `C.26`. Never reused for another case. */
  readonly id: string
  readonly name: string
  /** The capability or the hook of the harness that the case needs. Default: none. */
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

const hook =
  (name: keyof ConformanceHarness): Need =>
  (_capabilities, harness) =>
    harness[name] === undefined ? `harness.${name} is missing` : undefined

/** The needs of cases, by capability and by hook of the harness. */
export const needs = {
  parts: ({ parts }) => unless(parts !== false, 'parts', parts),
  resumableUploads: ({ resumableUploads }) => unless(resumableUploads === true, 'resumableUploads', false),
  directUploads: ({ directUploads }) => unless(directUploads !== undefined, 'directUploads', undefined),
  directUnknownSize: ({ directUploads }) =>
    unless(
      directUploads?.unknownSize === true,
      directUploads ? 'directUploads.unknownSize' : 'directUploads',
      directUploads?.unknownSize,
    ),
  directETag: ({ directUploads }) =>
    unless(directUploads?.etag === true, directUploads ? 'directUploads.etag' : 'directUploads', directUploads?.etag),
  fileBesideFolder: ({ fileBesideFolder }) => unless(fileBesideFolder, 'fileBesideFolder', fileBesideFolder),
  create: ({ conditions }) => unless(conditions.create !== false, 'conditions.create', conditions.create),
  update: ({ conditions }) => unless(conditions.update !== false, 'conditions.update', conditions.update),
  remove: ({ conditions }) => unless(conditions.remove !== false, 'conditions.remove', conditions.remove),
  atomicCreate: ({ conditions }) => unless(conditions.create === 'atomic', 'conditions.create', conditions.create),
  atomicUpdate: ({ conditions }) => unless(conditions.update === 'atomic', 'conditions.update', conditions.update),
  atomicRemove: ({ conditions }) => unless(conditions.remove === 'atomic', 'conditions.remove', conditions.remove),
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
  otherProcess: hook('otherProcess'),
  moveClock: hook('moveClock'),
  open: hook('open'),
} as const satisfies Record<string, Need>

/** Needs a way to break the service in the harness. */
export const needsFault =
  (fault: ServiceFault): Need =>
  (_capabilities, harness) =>
    harness.breakService?.[fault] === undefined ? `harness.breakService.${fault} is missing` : undefined

/** Requires all of several needs. */
export const all =
  (...wanted: readonly Need[]): Need =>
  (capabilities, harness) => {
    const missing = wanted.map((need) => need(capabilities, harness)).filter((reason) => reason !== undefined)
    return missing.length === 0 ? undefined : missing.join(' and ')
  }
