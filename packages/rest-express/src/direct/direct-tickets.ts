/**
 * What clients of direct uploads hold, both encrypted:
 * - A ticket stands for an upload. `authorize` is called whenever it is presented.
 * - A permit is part of a URL that the router has signed, and allows one kind of request without
 *   `authorize`, as a URL that the service has signed does.
 */
import type { ResumableUpload } from '@stowage/core'

export interface DirectTicket {
  readonly upload: ResumableUpload
  /** Milliseconds since the epoch. */
  readonly expires: number
  /** The owner of the upload, if the application names owners. */
  readonly owner?: string
}

/** One part of an upload. */
interface PartPermit {
  readonly action: 'part'
  readonly upload: ResumableUpload
  readonly partNumber: number
  /** Bytes, if known. */
  readonly size?: number
}

export type Permit = PartPermit & {
  /** Milliseconds since the epoch. */
  readonly expires: number
}
