/**
 * Calls of every operation, and errors that need no faults.
 */
import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import type { StorageService } from '../../index.js'
import {
  type Capabilities,
  errorCodes,
  mapHeaderAttributes,
  type StorageError,
  type StorageErrorCode,
} from '../../provider.js'
import type { CaseContext } from '../run/context.js'
import { bytes, failingAfter } from './content.js'
import { isCode } from './expectations.js'

/** The fewest capabilities that the contract allows. */
export const nothing: Partial<Capabilities> = {
  parts: false,
  conditions: { create: false, update: false, remove: false, destroyEmpty: 'emulated' },
  attributes: {
    ...mapHeaderAttributes(() => false),
    maxMetadataBytes: 0,
  },
  checksums: [],
  signedUrls: false,
  acl: false,
  nativeOptions: [],
}

/** A call of each operation. */
export function everyOperation(storage: StorageService, { container, partSize }: CaseContext) {
  const place = { container, file: 'file' }
  const upload = { ...place, id: 'id', partSize }
  return {
    getContainers: () => storage.getContainers(),
    containers: () => Array.fromAsync(storage.containers()),
    containerPage: () => storage.containerPage(),
    getContainer: () => storage.getContainer(container),
    hasContainer: () => storage.hasContainer(container),
    createContainer: () => storage.createContainer({ name: container }),
    destroyContainer: () => storage.destroyContainer(container),
    getFiles: () => storage.getFiles(container),
    files: () => Array.fromAsync(storage.files(container)),
    filePage: () => storage.filePage(container),
    getFile: () => storage.getFile(container, 'file'),
    hasFile: () => storage.hasFile(container, 'file'),
    openFile: () => storage.openFile(container, 'file'),
    downloadStream: () => buffer(storage.downloadStream(container, 'file')),
    putFile: () => storage.putFile(container, 'file', 'text'),
    uploadStream: () => {
      const stream = storage.uploadStream(container, 'file')
      stream.on('error', () => undefined)
      stream.end('text')
      return stream.file
    },
    removeFile: () => storage.removeFile(container, 'file'),
    removeFiles: () => storage.removeFiles(container, ['file']),
    copyFile: () => storage.copyFile(place, { container, file: 'other' }),
    moveFile: () => storage.moveFile(place, { container, file: 'other' }),
    startUpload: () => storage.startUpload(container, 'file'),
    uploadPart: () => storage.uploadPart(upload, 1, 'text'),
    parts: () => Array.fromAsync(storage.parts(upload)),
    completeUpload: () => storage.completeUpload(upload, [{ partNumber: 1, size: 4, tag: 'tag' }]),
    abortUpload: () => storage.abortUpload(upload),
    uploads: () => Array.fromAsync(storage.uploads(container)),
    purgeUploads: () => storage.purgeUploads(container),
    signUrl: () => storage.signUrl(container, 'file', { method: 'GET', expiresIn: 60 }),
  }
}

/** Returns one error of each kind that needs no fault. */
export async function manyErrors(context: CaseContext): Promise<StorageError[]> {
  const { storage, container, containerName } = context
  await context.put('file', bytes(10))
  const missing = containerName()
  const source = { container, file: 'missing' }
  const operations: Record<string, () => Promise<unknown>> = {
    createContainer: () => storage.createContainer({ name: container }),
    getContainer: () => storage.getContainer(missing),
    destroyContainer: () => storage.destroyContainer(container, { onlyIfEmpty: true }),
    // A list is requested page by page, and each page is an operation.
    containerPage: () => storage.getContainers({ pageSize: 0 }),
    filePage: () => storage.getFiles(missing),
    'filePage, cursor': () => storage.filePage(container, { cursor: 'no cursor' }),
    getFile: () => storage.getFile(container, 'a/missing'),
    'getFile, condition': () => storage.getFile(container, 'file', { ifMatch: '"other"' }),
    openFile: () => storage.openFile(container, 'missing'),
    'openFile, range': () => storage.openFile(container, 'file', { range: { start: 100 } }),
    'openFile, folder': () => storage.openFile(container, 'file/below'),
    putFile: () => storage.putFile(missing, 'file', 'text'),
    'putFile, name': () => storage.putFile(container, '', 'text'),
    'putFile, source': () => storage.putFile(container, 'new', failingAfter([bytes(10)], new Error('no more'))),
    'putFile, below a file': () => storage.putFile(container, 'file/below', 'text'),
    'putFile, checksum': () => storage.putFile(container, 'new', 'text', { checksums: { md5: '0'.repeat(32) } }),
    removeFile: () => storage.removeFile(container, 'missing'),
    copyFile: () => storage.copyFile(source, { container, file: 'copy' }),
    moveFile: () => storage.moveFile(source, { container, file: 'copy' }),
    uploadPart: () => storage.uploadPart({ container, file: 'file', id: 'unknown', partSize: 1000 }, 1, 'text'),
    signUrl: () => storage.signUrl(container, 'file', { method: 'GET', expiresIn: 1e12 }),
  }
  const errors: StorageError[] = []
  for (const [name, operation] of Object.entries(operations)) {
    const error = await operation().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    // This one succeeds if `capabilities.fileBesideFolder` is true.
    if (error === undefined) {
      assert.equal(name, 'putFile, below a file')
      continue
    }
    const told = isCode(error, ...(Object.keys(errorCodes) as [StorageErrorCode]))
    assert.equal(told.operation, name.split(',')[0], name)
    errors.push(told)
  }
  return errors
}
