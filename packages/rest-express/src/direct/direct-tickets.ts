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

/** A file that a client wants to send. */
export interface DirectFile {
  /** The name under which the file will be stored. */
  readonly file: string
  /** The client's name for it. */
  readonly originalFilename: string
  /** As the client states it, with parameters. */
  readonly contentType?: string
  /** Bytes, if the client states them. */
  readonly size?: number
}

/** `PUT`: stores one part of an upload. */
interface PartPermit {
  readonly action: 'part'
  readonly upload: ResumableUpload
  readonly partNumber: number
  /** Bytes, if known. */
  readonly size?: number
}

/** `PUT`, or `POST` with a form: stores a file as a whole. */
export interface FilePermit {
  readonly action: 'file'
  readonly container: string
  readonly file: DirectFile
}

/** `POST`: starts an upload, in S3's words. The type of the file comes with the request. */
export interface StartPermit {
  readonly action: 'start'
  readonly container: string
  readonly file: DirectFile
}

/** `GET`, `POST` and `DELETE`: lists, completes and deletes an upload, in S3's words. */
interface UploadPermit {
  readonly action: 'upload'
  readonly ticket: DirectTicket
}

export type Permit = PartPermit | FilePermit | StartPermit | UploadPermit

/** A permit as it is sealed. */
export interface SealedPermit {
  readonly permit: Permit
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/** Returns the container in which a permit allows something. */
export function containerOf(permit: Permit): string {
  if (permit.action === 'part') return permit.upload.container
  return permit.action === 'upload' ? permit.ticket.upload.container : permit.container
}
