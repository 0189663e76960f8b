/**
 * A file that is uploaded: where it goes, and how it is sent.
 */
import type { UppyFile } from '@uppy/core'
import type { Storage } from '../storage/api.ts'

/** The folder in which files are stored. */
export interface UploadPlace {
  readonly storage: Storage
  readonly container: string
  /** Empty, or with a slash at its end. */
  readonly folder: string
  /** Whether files go to the storage itself. */
  readonly direct: boolean
}

interface UploadMeta extends Record<string, unknown> {
  readonly place: UploadPlace
  /** The whole name in the container. */
  readonly path: string
  /** Whether the file may replace one of the same name. */
  readonly replace: boolean
  /** The host that received the bytes, if it was not this server. */
  readonly sentTo: string
}

export type Meta = Partial<UploadMeta>
export type Body = Record<string, unknown>
export type UploadFile = UppyFile<Meta, Body>

/**
 * Bytes. Files up to this size are sent by one PUT, larger ones by tus. A tus upload takes two
 * requests and several writes in the storage, which makes small files up to six times slower. An
 * interrupted PUT starts again, and loses at most this many bytes.
 */
const largestPut = 5_000_000

/** How a file is sent: directly to the storage, or to this server by PUT or by tus. */
export function wayOf(file: UploadFile): 'direct' | 'put' | 'tus' {
  if (placeOf(file).direct) return 'direct'
  return isSmall(file) ? 'put' : 'tus'
}

const isSmall = ({ size }: UploadFile): boolean => (size ?? 0) <= largestPut

export const placeOf = (file: UploadFile): UploadPlace => file.meta.place as UploadPlace

export const pathOf = (file: UploadFile): string => file.meta.path as string

/** The media type that the browser knows; empty if it knows none. */
export const typeOf = (file: UploadFile): string => (file.data instanceof Blob ? file.data.type : '')

/** Milliseconds since the epoch. */
export const modifiedOf = (file: UploadFile): number => (file.data instanceof File ? file.data.lastModified : 0)

/** Whether the storage has to refuse the file if its name is taken. */
export const isCreateOnly = (file: UploadFile): boolean => !file.meta.replace && placeOf(file).storage.createOnly

/**
 * Statuses after which the same request may succeed: 0 is a broken connection, 409 and 423 are an
 * upload that another request is changing, or a storage that is unreachable.
 */
const passing: ReadonlySet<number> = new Set([0, 409, 423, 429, 502, 503, 504])

/** With the delays that Uppy doubles from 0.15 s, 5 minutes. */
export const retries = 11

export const mayPass = (status: number): boolean => passing.has(status)
