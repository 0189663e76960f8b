/** An upload policy: the rules that every uploaded file has to meet, whatever way it arrives. */
import type { Readable } from 'node:stream'

/** What is known of a file before its body. */
export interface AnnouncedFile {
  readonly container: string
  /** The name under which the file will be stored. */
  readonly name: string
  /** The media type that the client states, if it states one. */
  readonly contentType?: string | undefined
  /** Bytes, if known. */
  readonly size?: number | undefined
}

/** Limits of images, which are read from their headers. No image is decoded. At least one. */
export interface ImageLimits {
  /** Pixels. */
  readonly maxWidth?: number
  /** Pixels. */
  readonly maxHeight?: number
  /** Width times height. */
  readonly maxPixels?: number
}

/** Where files are kept that were refused for their content. */
export interface Quarantine {
  /** A container of the same storage. It is created if it is missing. */
  readonly container: string
  /** Before the names of the files. Default: none. */
  readonly prefix?: string
}

/** The rules of a policy that are plain data, as a data source in JSON has them. */
export interface PolicyRules {
  /** Bytes per file. */
  readonly maxSize?: number
  /**
   * The media types that may be stored: the type with which the file will be served is compared,
   * without case and parameters.
   */
  readonly types?: readonly string[]
  /** A regular expression that the whole name matches, folders included. */
  readonly names?: string
  /**
   * How the type with which the file will be served is found:
   * - `declared`: the type that the client states, or else the type of the name's extension.
   * - `detected`: the type of the content. Text is `text/plain`, and content that is not
   *   recognized is `application/octet-stream`.
   * - `agree`: as `declared`, and the stated type, the name's extension and the content have to
   *   agree.
   *
   * Default: `declared`.
   */
  readonly content?: 'declared' | 'detected' | 'agree'
  /** Limits of images. An image whose dimensions cannot be read is refused. */
  readonly image?: ImageLimits
  /**
   * Keeps files that were refused for their content, with the reason. Default: they are dropped.
   */
  readonly quarantine?: Quarantine
}

/** The result of a scan. The reason is shown to the uploader. */
export type ScanVerdict = { readonly clean: true } | { readonly clean: false; readonly reason: string }

/**
 * Scans the whole content of a file before it is stored. A scanner that throws refuses the file:
 * with its error if that is a `StorageError` with a status below 500, otherwise with `UNAVAILABLE`.
 *
 * @param content All bytes of the file. The scanner may stop reading before the end.
 */
export type Scanner = (
  content: Readable,
  file: AnnouncedFile,
  options: { readonly signal: AbortSignal },
) => Promise<ScanVerdict>

/** Identifies a reservation. */
export interface ReservationKey {
  readonly owner: string
  /** Chosen by the caller; unique. */
  readonly id: string
}

/**
 * Counts the bytes of owners, such as users, and limits them. Calls may be repeated, and may come
 * from any process.
 */
export interface Quota {
  /**
   * Reserves bytes for an upload. A later call with the same id replaces the number of bytes. Fails
   * with `QUOTA_EXCEEDED`, whose `details.left` is the number of bytes that could be reserved. The
   * reservation then stays as it was.
   */
  reserve(
    reservation: ReservationKey & { readonly bytes: number; readonly expires: Date },
    options: { readonly signal: AbortSignal },
  ): Promise<void>
  /** Counts the bytes of a file that was stored, and ends the reservation. */
  settle(
    reservation: ReservationKey & { readonly bytes: number },
    options: { readonly signal: AbortSignal },
  ): Promise<void>
  /** Ends a reservation whose file was not stored. Succeeds if it is unknown. */
  release(reservation: ReservationKey, options: { readonly signal: AbortSignal }): Promise<void>
}

/**
 * The rules that every uploaded file has to meet. A rule that is missing allows everything. The
 * rules are checked when the file is announced, when its head has arrived, and before it appears.
 *
 * @example
 * const avatars: UploadPolicy = {
 *   maxSize: 2_000_000,
 *   types: ['image/jpeg', 'image/png', 'image/webp'],
 *   content: 'agree',
 *   image: { maxWidth: 4096, maxHeight: 4096 },
 * }
 * const storing = storage.putFile('photos', 'me.png', 'not a PNG', { policy: avatars })
 * await storing.catch(({ code }) => code) // 'CONTENT_REFUSED'
 */
export interface UploadPolicy extends Omit<PolicyRules, 'names'> {
  /**
   * A regular expression that the whole name matches, folders included; or a function that returns
   * whether the name is allowed. It may be called more than once for a file.
   */
  readonly names?: string | ((file: AnnouncedFile) => boolean | Promise<boolean>)
  /** Reads the whole file, and decides before it appears. */
  readonly scan?: Scanner
  /** Counts the bytes of the file's owner. */
  readonly quota?: Quota
  /**
   * Whose quota the file counts for. A function returns the same owner whenever it is called for a
   * file. Default: the container.
   */
  readonly owner?: string | ((file: AnnouncedFile) => string)
}
