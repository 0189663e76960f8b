/**
 * Streams that exist before their storage is open: a data source loads its provider in the
 * background.
 */

import type { Readable } from 'node:stream'
import {
  type ByteRange,
  LazyDownload,
  type OpenFileOptions,
  type StorageService,
  UploadStream,
  type WriteOptions,
} from '@stowage/core'
import { defined, headerAttributeNames } from '@stowage/core/provider'
import { File } from './entities.js'
import { connectorError } from './errors.js'
import { locationOf } from './stored-files.js'

/**
 * Options of `uploadStream`: those of `putFile` in `@stowage/core`, and the names that the storage
 * component used. Other properties are ignored.
 */
export type UploadStreamOptions = WriteOptions & Readonly<Record<string, unknown>>

/**
 * Options of `downloadStream`: those of `openFile` in `@stowage/core`, and the range as `start` and
 * `end`. Other properties are ignored.
 */
export interface DownloadStreamOptions extends OpenFileOptions {
  /** The position of the first byte. Default: 0. */
  readonly start?: number
  /** The position of the last byte, inclusive. Default: that of the last byte of the file. */
  readonly end?: number
  readonly [property: string]: unknown
}

interface StreamTarget {
  readonly storage: Promise<StorageService>
  readonly container: string
  readonly file: string
}

const writeNames = [
  'contentType',
  ...headerAttributeNames,
  'metadata',
  'size',
  'maxSize',
  'checksums',
  'detectContentType',
  'partSize',
  'parallelism',
  'ifMatch',
  'ifNoneMatch',
  'signal',
  'timeout',
  'onProgress',
] as const satisfies readonly (keyof WriteOptions)[]

const readNames = [
  'verify',
  'ifMatch',
  'ifNoneMatch',
  'ifModifiedSince',
  'ifUnmodifiedSince',
  'signal',
  'timeout',
] as const satisfies readonly (keyof OpenFileOptions)[]

/**
 * Returns a stream into a file. When the file is stored, emits `success`, then `finish`. If that
 * fails, emits `error`, and nothing is stored.
 *
 * `success` carries the {@link File}, except on the filesystem, where the storage component passed
 * no argument: applications use `writer.on('success', callback)` there, whose callback treats any
 * argument as an error.
 */
export function uploadStream({ storage, container, file }: StreamTarget, options: UploadStreamOptions): UploadStream {
  let argumentsOfSuccess: readonly File[] = []
  const stream = new UploadStream(async (body, streamSignal) => {
    try {
      const opened = await storage
      const { signal, ...write } = writeOptions(opened, options)
      const written = await opened.putFile(container, file, body, { ...write, signal: joined(signal, streamSignal) })
      if (opened.name !== 'filesystem') {
        const location = await locationOf(opened, written)
        argumentsOfSuccess = [new File(written, { provider: opened.name, location })]
      }
      return written
    } catch (error) {
      throw connectorError(error)
    }
  })
  return stream.once('finish', () => stream.emit('success', ...argumentsOfSuccess))
}

/**
 * Returns the options that the storage supports. An access list, and an option of one service, are
 * omitted for services that do not have them.
 */
function writeOptions({ capabilities }: StorageService, options: UploadStreamOptions): WriteOptions {
  const { acl, CacheControl } = options
  const { nativeOptions, attributes } = capabilities
  const native = { ...options.native, ...picked(options, nativeOptions) }
  return {
    ...(typeof CacheControl === 'string' && attributes.cacheControl ? { cacheControl: CacheControl } : {}),
    ...picked(options, writeNames),
    ...(acl !== undefined && capabilities.acl ? { acl } : {}),
    native,
  }
}

/**
 * Returns a stream of a file's content, which is opened on the first read. Emits failures as
 * `error`.
 */
export function downloadStream({ storage, container, file }: StreamTarget, options: DownloadStreamOptions): Readable {
  return new LazyDownload(async (streamSignal) => {
    try {
      const opened = await storage
      const { signal, ...read } = picked(options, readNames)
      const range = options.range ?? rangeOf(options)
      return await opened.openFile(container, file, { ...read, range, signal: joined(signal, streamSignal) })
    } catch (error) {
      throw connectorError(error)
    }
  })
}

const rangeOf = ({ start, end }: DownloadStreamOptions): ByteRange | undefined =>
  start === undefined && end === undefined ? undefined : defined({ start: start ?? 0, end })

function picked<T extends object, Name extends keyof T & string>(
  options: T,
  names: readonly Name[],
): Partial<Pick<T, Name>> {
  const found: Partial<Pick<T, Name>> = {}
  for (const name of names) if (options[name] !== undefined) found[name] = options[name]
  return found
}

const joined = (first: AbortSignal | undefined, second: AbortSignal) =>
  first === undefined ? second : AbortSignal.any([first, second])
