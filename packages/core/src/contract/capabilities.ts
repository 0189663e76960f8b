/**
 * What a provider can do, as data: the one switch of the service and of the conformance suite.
 */
import type { HeaderAttribute } from './attributes.js'
import type { ChecksumAlgorithm } from './files.js'

/** The rule for containers' names, checked by core before any request. */
export interface ContainerNameRule {
  /** A regular expression's source (flag `u`) that the whole name must match. */
  readonly pattern: string
  /** Bytes of UTF-8. */
  readonly minBytes: number
  readonly maxBytes: number
  /** The rule in words, for messages: "3 to 63 lower-case letters, digits and hyphens". */
  readonly rule: string
}

/** Limits of part uploads. All numbers in bytes, or counts. */
export interface PartLimits {
  /** The smallest size of every part but the last. */
  readonly minPartSize: number
  readonly maxPartSize: number
  readonly maxParts: number
}

/**
 * `atomic`: between the check and the write nobody else can come. `emulated`: the check is a
 * request of its own before the write, so a writer in between is overwritten. `false`: refused with
 * `NOT_SUPPORTED`.
 */
export type ConditionSupport = 'atomic' | 'emulated' | false

/**
 * A provider's abilities and limits. Plain data: frozen, the same for the provider's whole life,
 * and the same after `JSON.parse(JSON.stringify(…))`. An operation whose ability is missing is
 * refused by core with `NOT_SUPPORTED` before the provider is called.
 */
export interface Capabilities {
  readonly containerNames: ContainerNameRule
  /** The most entries that the service gives in one page of a list. */
  readonly maxPageSize: number
  /** Whether the names `a` and `a/b` can be held side by side in one container. */
  readonly fileBesideFolder: boolean
  /** Bytes: the largest file. */
  readonly maxFileSize: number
  /** Bytes: the largest body of one `putFile`; larger files go up in parts. */
  readonly maxPutSize: number
  /**
   * Whether `putFile` and `uploadPart` take a stream of unknown length. Otherwise core hands them
   * bytes in memory.
   */
  readonly streamingPut: boolean
  /**
   * Whether `putFile` and `completeUpload` always say whether the file took the place of another
   * (`WrittenFile.replaced`). Left out: no, and whoever must know has to look before.
   */
  readonly tellsReplaced?: boolean
  /** `false` when the service has no part uploads. */
  readonly parts: PartLimits | false
  readonly conditions: {
    /** `putFile`, `copyFile` and `completeUpload` with `ifNoneMatch: '*'`. */
    readonly create: ConditionSupport
    /** `putFile`, `copyFile` and `completeUpload` with `ifMatch`. */
    readonly update: ConditionSupport
    /** `removeFile` with `ifMatch`. */
    readonly remove: ConditionSupport
    /**
     * `destroyContainer` with `onlyIfEmpty`. Where it is emulated, a file that is written between
     * look and removal is lost.
     */
    readonly destroyEmpty: Exclude<ConditionSupport, false>
  }
  /** The attributes that are kept with a file. `contentType` is kept by every provider. */
  readonly attributes: Readonly<Record<HeaderAttribute, boolean>> & {
    /** Bytes of UTF-8 of all keys and values together; 0 when there is no metadata. */
    readonly maxMetadataBytes: number
  }
  /**
   * The checksums that the service keeps with a file when the writer gives them, and `getFile`
   * reports. MD5 and SHA-256 given by a writer are verified by core on every provider; others only
   * where they are listed here.
   */
  readonly checksums: readonly ChecksumAlgorithm[]
  /** `false` when the service has no signed URLs. */
  readonly signedUrls:
    | {
        /** Seconds: the longest time that a URL can be good for. */
        readonly maxExpiresIn: number
        /**
         * Whether a URL for PUT refuses headers that it does not name and that would bring in
         * another file of the same credentials (`x-amz-copy-source`). Where `false`, such a URL is
         * for people who may read all that you may.
         */
        readonly sealed: boolean
        /** Whether a URL for PUT can fix the content type (and its absence), and the size. */
        readonly contentType: boolean
        readonly size: boolean
        /** Whether a URL for GET can set headers of the answer. */
        readonly responseHeaders: boolean
      }
    | false
  /** Whether a file can carry an access list (`acl`). */
  readonly acl: boolean
  /**
   * Names of the service's own options for writing, passed as `options.native` (on Amazon:
   * `StorageClass`, …).
   */
  readonly nativeOptions: readonly string[]
}

/** A deeply frozen copy, so that nobody who holds the capabilities can change them. */
export function freezeCapabilities(capabilities: Capabilities): Capabilities {
  return deepFreeze(structuredClone(capabilities))
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze)
    Object.freeze(value)
  }
  return value
}
