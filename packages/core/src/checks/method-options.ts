/** The option names of all methods of `StorageService`. */
import { mapHeaderAttributes } from '../contract/attributes.js'
import type {
  CopyFileOptions,
  GetFileOptions,
  ListFilesOptions,
  ListOptions,
  OperationOptions,
  PageOptions,
  SendOptions,
  StartResumableUploadOptions,
  WriteOptions,
} from '../service/options.js'
import type { NamesOf } from './option-names.js'

const operation = { signal: true, timeout: true } as const satisfies NamesOf<OperationOptions>
const list = { ...operation, pageSize: true } as const satisfies NamesOf<ListOptions>
const page = { limit: true, cursor: true } as const satisfies NamesOf<PageOptions>
const filters = { prefix: true, delimiter: true, startAfter: true } as const
const fileList = { ...list, ...filters } as const satisfies NamesOf<ListFilesOptions>
const writeConditions = { ifMatch: true, ifNoneMatch: true } as const
const read = {
  ...operation,
  ...writeConditions,
  ifModifiedSince: true,
  ifUnmodifiedSince: true,
} as const satisfies NamesOf<GetFileOptions>
const open = { ...read, range: true, verify: true } as const

const { expires, ...signedHeaders } = mapHeaderAttributes(() => true as const)
export const responseHeaderNames = { contentType: true, ...signedHeaders } as const
export const attributeNames = { ...responseHeaderNames, expires, metadata: true } as const satisfies NamesOf<
  NonNullable<CopyFileOptions['attributes']>
>
export const sendNames = { reuseBuffers: true } as const satisfies NamesOf<SendOptions>

const service = { acl: true, native: true } as const
export const transferNames = {
  ...operation,
  ...attributeNames,
  ...writeConditions,
  ...service,
  checksums: true,
  partSize: true,
  parallelism: true,
  onProgress: true,
  policy: true,
} as const
const write = {
  ...transferNames,
  size: true,
  maxSize: true,
  detectContentType: true,
} as const satisfies NamesOf<WriteOptions>
const copy = {
  ...operation,
  ...writeConditions,
  ...service,
  attributes: true,
  ifSourceMatch: true,
} as const satisfies NamesOf<CopyFileOptions>
const resumable = {
  ...operation,
  ...attributeNames,
  ...service,
  ...writeConditions,
  partSize: true,
  size: true,
  maxSize: true,
  policy: true,
  reservedUntil: true,
} as const satisfies NamesOf<StartResumableUploadOptions>

/**
 * The options of every method of `StorageService`. `service.ts` checks that the table is complete,
 * because a type from there would make an import cycle.
 */
export const methodOptions = {
  getContainers: list,
  containers: list,
  containerPage: { ...operation, ...page },
  getContainer: operation,
  hasContainer: operation,
  createContainer: { ...operation, name: true, ifNotExists: true },
  destroyContainer: { ...operation, onlyIfEmpty: true },
  getFiles: fileList,
  files: fileList,
  filePage: { ...operation, ...page, ...filters },
  getFile: read,
  hasFile: operation,
  openFile: open,
  downloadStream: open,
  putFile: write,
  uploadStream: write,
  removeFile: { ...operation, ifMatch: true },
  removeFiles: operation,
  copyFile: copy,
  moveFile: copy,
  startUpload: { ...operation, ...attributeNames, ...service, partSize: true, size: true, checksums: true },
  uploadPart: { ...operation, size: true },
  parts: list,
  completeUpload: { ...operation, ...writeConditions },
  abortUpload: operation,
  uploads: { ...list, prefix: true },
  startResumableUpload: resumable,
  startPartialUpload: { ...operation, partSize: true, size: true, maxSize: true },
  joinPartialUploads: write,
  getResumableUpload: { ...operation, takeOver: true, complete: true, policy: true },
  appendToResumableUpload: {
    ...operation,
    offset: true,
    bodySize: true,
    size: true,
    complete: true,
    beforeComplete: true,
    onStored: true,
    checksum: true,
    policy: true,
  },
  abortResumableUpload: { ...operation, policy: true },
  purgeUploads: { ...operation, startedBefore: true, prefix: true },
  createDirectUpload: resumable,
  signDirectParts: { ...operation, from: true, to: true, expiresIn: true },
  completeDirectUpload: { ...operation, parts: true, policy: true },
  allowOrigins: operation,
  checkOrigin: operation,
  signUrl: { ...operation, method: true, expiresIn: true, contentType: true, size: true, responseHeaders: true },
} as const

/** The methods with options. */
export type Method = keyof typeof methodOptions
