/**
 * The versions of the IETF's "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload).
 *
 * While it is a draft, a client sends `Upload-Draft-Interop-Version`. A client without it speaks
 * the final version, which is taken to be the newest draft.
 */
export interface InteropVersion {
  readonly version: number
  /** The type of a body that is appended; `undefined` if it may be any. */
  readonly contentType: 'application/partial-upload' | undefined
  /** The name of the lifetime in `Upload-Limit`; `undefined` if there was none. */
  readonly ageKey: 'expires' | 'max-age' | undefined
  /**
   * Whether a request may lack `Upload-Complete`, and is then complete if the length is reached.
   * tus-js-client sends such a request when a stream ends without more bytes.
   */
  readonly mayOmitComplete: boolean
  /**
   * Whether `Upload-Length` of an upload whose bytes are all stored is withheld until it is
   * complete. tus-js-client takes an offset that equals the length for success.
   */
  readonly withholdsFullLength: boolean
}

const current = {
  contentType: 'application/partial-upload',
  ageKey: 'max-age',
  mayOmitComplete: false,
  withholdsFullLength: false,
} as const

const early = { ...current, mayOmitComplete: true, withholdsFullLength: true } as const

/** Drafts 12 and later. */
export const newestVersion: InteropVersion = { ...current, version: 9 }

export const interopVersions: readonly InteropVersion[] = [
  // Draft 03: iOS 18 and tus-js-client's `ietf-draft-03`.
  { ...early, version: 5, contentType: undefined, ageKey: undefined },
  // Drafts 04 and 05: iOS 18 and tus-js-client's `ietf-draft-05`.
  { ...early, version: 6, ageKey: 'expires' },
  // Drafts 06 to 08.
  { ...current, version: 7 },
  // Drafts 09 to 11: iOS 26.
  { ...current, version: 8 },
  newestVersion,
]
