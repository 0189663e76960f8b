/**
 * The methods of a storage with arguments that they take, for tests that change one of them.
 */
import { Readable } from 'node:stream'
import type { Method } from '../../src/checks/method-options.js'
import { type StorageService, UploadStream } from '../../src/index.js'

const place = { container: 'c', file: 'f' }
const upload = { ...place, id: 'id', partSize: 100 }
const resumable = { ...upload, key: '0'.repeat(32), maxSize: 1000, conditions: {} }
const part = { partNumber: 1, size: 1, tag: '1' }

const parameters = {
  getContainers: [{}],
  containers: [{}],
  containerPage: [{}],
  getContainer: ['c', {}],
  hasContainer: ['c', {}],
  createContainer: [{ name: 'c' }],
  destroyContainer: ['c', {}],
  getFiles: ['c', {}],
  files: ['c', {}],
  filePage: ['c', {}],
  getFile: ['c', 'f', {}],
  hasFile: ['c', 'f', {}],
  openFile: ['c', 'f', {}],
  downloadStream: ['c', 'f', {}],
  putFile: ['c', 'f', 'a', {}],
  uploadStream: ['c', 'f', {}],
  removeFile: ['c', 'f', {}],
  removeFiles: ['c', ['f'], {}],
  copyFile: [place, { ...place, file: 'g' }, {}],
  moveFile: [place, { ...place, file: 'g' }, {}],
  startUpload: ['c', 'f', {}],
  uploadPart: [upload, 1, 'a', {}],
  parts: [upload, {}],
  completeUpload: [upload, [part], {}],
  abortUpload: [upload, {}],
  uploads: ['c', {}],
  startResumableUpload: ['c', 'f', {}],
  startPartialUpload: ['c', {}],
  joinPartialUploads: [[], 'c', 'f', {}],
  getResumableUpload: [resumable, {}],
  appendToResumableUpload: [resumable, 'a', { offset: 0 }],
  abortResumableUpload: [resumable, {}],
  purgeUploads: ['c', {}],
  createDirectUpload: ['c', 'f', {}],
  signDirectParts: [{ ...resumable, size: 1 }, {}],
  completeDirectUpload: [{ ...resumable, size: 1 }, {}],
  allowOrigins: ['c', ['https://example.com'], {}],
  checkOrigin: ['c', 'https://example.com', {}],
  signUrl: ['c', 'f', { method: 'GET', expiresIn: 1 }],
} as const satisfies { readonly [Name in Method]: Parameters<StorageService[Name]> }

/** Right arguments; the options are the last one. */
export const argumentsOf = (method: Method): readonly unknown[] => parameters[method]

/** Calls a method and uses up what it gives, whichever kind that is. */
export async function call(storage: StorageService, method: Method, given: readonly unknown[]): Promise<unknown> {
  const result = (storage[method] as (...given: unknown[]) => unknown).apply(storage, [...given])
  if (result instanceof UploadStream) {
    result.on('error', () => undefined).end('a')
    return result.file
  }
  if (result instanceof Readable) return Array.fromAsync(result)
  if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) {
    return Array.fromAsync(result as AsyncIterable<unknown>)
  }
  return result
}
