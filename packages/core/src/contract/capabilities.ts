/** What a provider supports, as data. The service and the conformance suite decide by it. */
import type { HeaderAttribute } from './attributes.js'
import type { ChecksumAlgorithm } from './files.js'

/** The rule for container names. Core checks it before any request. */
export interface ContainerNameRule {
  /**
   * The source of a regular expression (flag `u`) that the whole name must match. It must reject
   * the empty name, `.`, `..`, and names with `/` or NUL, also if the service allows them.
   */
  readonly pattern: string
  /** Length limits in bytes of UTF-8. */
  readonly minBytes: number
  readonly maxBytes: number
  /** The rule in words, for messages: "3 to 63 lower-case letters, digits and hyphens". */
  readonly rule: string
}

/** Limits of multipart uploads. Sizes are in bytes. */
export interface PartLimits {
  /** The minimum size of every part but the last. */
  readonly minPartSize: number
  readonly maxPartSize: number
  readonly maxParts: number
}

/**
 * How a condition of a write is checked.
 *
 * - `atomic`: no other write can happen between the check and the write.
 * - `emulated`: the check is a separate request before the write, so a concurrent write can be
 *   overwritten.
 * - `false`: such writes fail with `NOT_SUPPORTED`.
 */
export type ConditionSupport = 'atomic' | 'emulated' | false

/**
 * A provider's features and limits: frozen plain data, constant for the provider's lifetime, and
 * equal to `JSON.parse(JSON.stringify(…))` of itself. If an operation needs a missing feature, core
 * fails with `NOT_SUPPORTED` before it calls the provider.
 */
export interface Capabilities {
  readonly containerNames: ContainerNameRule
  /** The maximum number of entries in one page of a list. */
  readonly maxPageSize: number
  /** Whether one container can hold both names `a` and `a/b`. */
  readonly fileBesideFolder: boolean
  /** The maximum size of a file, in bytes. */
  readonly maxFileSize: number
  /**
   * The maximum size of the body of one `putFile`, in bytes. Larger files use a multipart upload.
   */
  readonly maxPutSize: number
  /**
   * Whether `putFile` and `uploadPart` accept a stream of unknown length. If not, core passes bytes
   * in memory.
   */
  readonly streamingPut: boolean
  /**
   * Whether `putFile` and `completeUpload` always report whether the file replaced another
   * (`WrittenFile.replaced`). Default: no; a caller that needs it checks before the write.
   */
  readonly tellsReplaced?: boolean
  /** `false` if the service has no multipart uploads. */
  readonly parts: PartLimits | false
  /**
   * Whether interrupted uploads can be resumed at any byte. Requires `parts` and hidden files.
   * Default: no.
   */
  readonly resumableUploads?: boolean
  readonly conditions: {
    /** `putFile`, `copyFile` and `completeUpload` with `ifNoneMatch: '*'`. */
    readonly create: ConditionSupport
    /** `putFile`, `copyFile` and `completeUpload` with `ifMatch`. */
    readonly update: ConditionSupport
    /** `removeFile` with `ifMatch`. */
    readonly remove: ConditionSupport
    /**
     * `destroyContainer` with `onlyIfEmpty`. If emulated, a file that is written between the check
     * and the deletion is lost.
     */
    readonly destroyEmpty: Exclude<ConditionSupport, false>
  }
  /** The attributes that are stored with a file. Every provider stores `contentType`. */
  readonly attributes: Readonly<Record<HeaderAttribute, boolean>> & {
    /**
     * The maximum size of all keys and values together, in bytes of UTF-8; 0 if metadata is not
     * supported.
     */
    readonly maxMetadataBytes: number
  }
  /**
   * The checksums that the service stores with a file if the writer passes them, and that `getFile`
   * returns. Core verifies MD5 and SHA-256 of a writer on every provider; other algorithms only if
   * they are listed here.
   */
  readonly checksums: readonly ChecksumAlgorithm[]
  /** `false` if the service has no signed URLs. */
  readonly signedUrls:
    | {
        /** The maximum lifetime of a URL, in seconds. */
        readonly maxExpiresIn: number
        /**
         * Whether a URL for PUT rejects unsigned headers that would copy another file with the same
         * credentials (`x-amz-copy-source`). If `false`, give such URLs only to users who may read
         * everything that the credentials can read.
         */
        readonly sealed: boolean
        /** Whether a URL for PUT can fix the content type (or its absence), and the size. */
        readonly contentType: boolean
        readonly size: boolean
        /** Whether a URL for GET can set headers of the response. */
        readonly responseHeaders: boolean
        /**
         * Whether the URLs lead to the application's router, which sends and receives the bytes.
         * Default: no, they lead to the service.
         */
        readonly throughRouter?: boolean
      }
    | false
  /**
   * What the service ensures for the parts that clients send to it directly. Requires `parts` and
   * hidden files. Default: clients send no parts.
   */
  readonly directUploads?: {
    /** The maximum lifetime of a part's URL, in seconds. */
    readonly maxExpiresIn: number
    /**
     * Whether a URL rejects a part of another size. Otherwise the part is stored, and the
     * completion of the upload fails.
     */
    readonly size: boolean
    /**
     * Whether a URL can be signed for a part whose size is not known yet. `false` if such a URL
     * would allow a client to copy another file (see `signedUrls.sealed`).
     */
    readonly unknownSize: boolean
    /**
     * Whether the service responds to a part with its ETag, which clients for S3 need. A browser
     * can read it if the service's CORS rules expose it.
     */
    readonly etag: boolean
    /**
     * Whether the service still stores parts after their upload was completed or aborted, as long
     * as their URLs are valid. They never become a file, and `purgeUploads` deletes them. Default:
     * no, it rejects them.
     */
    readonly acceptsLateParts?: boolean
    /**
     * Whether the URLs lead to the application's router, which receives the bytes. Default: no,
     * they lead to the service.
     */
    readonly throughRouter?: boolean
  }
  /** Whether the service keeps CORS rules for containers (`allowOrigins`). Default: no. */
  readonly cors?: boolean
  /** Whether a file can carry an access list (`acl`). */
  readonly acl: boolean
  /**
   * Names of the service's own options for writes, passed as `options.native` (on Amazon:
   * `StorageClass`, …).
   */
  readonly nativeOptions: readonly string[]
}

/** Returns a deeply frozen copy. */
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
