/** What an adapter implements for another storage library. */
import type { Readable } from 'node:stream'
import type { FileAttributes, HeaderAttribute } from '@stowage/core/provider'

/** Where a library stores its files. */
export type Service =
  | { readonly kind: 'filesystem'; readonly root: string }
  | {
      readonly kind: 's3'
      readonly endpoint: string
      readonly region: string
      readonly keyId: string
      readonly key: string
    }

/** Returns a package of the library's installation. */
export type Load = (name: string) => unknown

/** What a library says about a stored file. */
export interface StoredFile extends FileAttributes {
  /** Bytes. */
  readonly size: number
  readonly mtime?: Date | undefined
  readonly etag?: string | undefined
}

interface WriteOptions {
  /** Bytes, if known. */
  readonly size: number | undefined
  readonly attributes: FileAttributes & { readonly contentType: string }
  readonly signal: AbortSignal
}

/** The files of one directory or bucket, by the library. It throws the library's own errors. */
export interface Location {
  put(file: string, body: Readable, options: WriteOptions): Promise<unknown>
  /** Returns `undefined` if there is no such file. */
  stat(file: string): Promise<StoredFile | undefined>
  /** `range` is given if the library has ranges. `end` is inclusive. */
  read(
    file: string,
    options: {
      readonly range?: { readonly start: number; readonly end: number } | undefined
      readonly signal: AbortSignal
    },
  ): Promise<Readable | Uint8Array>
  remove(file: string): Promise<unknown>
  /** Returns the names of all files. */
  list(): Promise<readonly string[]>
  /** Missing if the library cannot copy. */
  copy?(source: string, target: string): Promise<unknown>
}

export interface Library {
  /** The packages and versions, as npm installs them. */
  readonly packages: Readonly<Record<string, string>>
  /** The package that names the library. */
  readonly title: string
  /** Services that it supports. */
  readonly services: readonly Service['kind'][]
  /** Whether it reads a range without reading the bytes before it. */
  readonly ranges: boolean
  /** Whether it accepts streams. */
  readonly streams: boolean
  /** Attributes that it stores and returns. */
  readonly attributes: (kind: Service['kind']) => {
    readonly contentType: boolean
    readonly headers: readonly HeaderAttribute[]
    readonly metadata: boolean
  }
  open(load: Load, service: Service): (container: string) => Location
}
