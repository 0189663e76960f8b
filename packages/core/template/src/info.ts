import {
  type FileInfo,
  type FileLocation,
  type HeaderAttribute,
  readAttributes,
  renameAttributes,
  type WriteCallOptions,
} from '@stowage/core/provider'
import type { StoredObject } from './service.js'

/** The service's names of the attributes. */
const names = {
  cacheControl: 'cache-control',
  contentDisposition: 'content-disposition',
  contentEncoding: 'content-encoding',
  contentLanguage: 'content-language',
  expires: 'expires',
} as const satisfies Record<HeaderAttribute, string>

/** Returns the headers of an object. */
export const headersOf = (attributes: WriteCallOptions['attributes']): StoredObject['headers'] => ({
  'content-type': attributes.contentType,
  ...renameAttributes(attributes, names),
})

/** Returns the properties of a file. */
export const infoOf = ({ container, file }: FileLocation, object: StoredObject): FileInfo => ({
  container,
  name: file,
  size: object.bytes.length,
  mtime: new Date(object.modified),
  etag: object.etag,
  contentType: object.headers['content-type'] ?? 'application/octet-stream',
  ...readAttributes(object.headers, names),
  metadata: { ...object.metadata },
  checksums: {},
})
