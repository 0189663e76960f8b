/**
 * What cases expect, in the contract's words.
 */
import assert from 'node:assert/strict'
import type { StorageService } from '../index.js'
import {
  errorCodes,
  type FileEntry,
  type FileInfo,
  type FolderEntry,
  isStorageError,
  type StorageError,
  type StorageErrorCode,
} from '../provider.js'

/** That the operation rejects with this code (or one of these); gives the error back. */
export async function rejects(
  operation: Promise<unknown>,
  ...wanted: readonly [StorageErrorCode, ...StorageErrorCode[]]
): Promise<StorageError> {
  const error = await operation.then(
    (value) => assert.fail(`it succeeded${describe(value)} and should have been refused with ${wanted.join(' or ')}`),
    (reason: unknown) => reason,
  )
  return isCode(error, ...wanted)
}

export function isCode(error: unknown, ...wanted: readonly [StorageErrorCode, ...StorageErrorCode[]]): StorageError {
  if (error instanceof assert.AssertionError) throw error
  assert.ok(isStorageError(error), `not a StorageError: ${String(error)}`)
  const message = `the code is ${error.code} (${error.message}) and should be ${wanted.join(' or ')}`
  assert.ok(wanted.includes(error.code), message)
  assert.equal(error.statusCode, errorCodes[error.code].status, 'the HTTP status does not belong to the code')
  return error
}

const describe = (value: unknown) => (value === undefined ? '' : ` with ${JSON.stringify(value)?.slice(0, 200)}`)

/** That both are the same bytes. The message says where they part instead of printing them. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what = 'the content'): void {
  assert.equal(actual.length, expected.length, `${what} has the wrong length`)
  if (Buffer.compare(actual, expected) === 0) return
  const at = actual.findIndex((byte, index) => byte !== expected[index])
  assert.fail(`${what} is wrong from byte ${at} on`)
}

/** That each of the operations rejects with this code. One after the other, so that none fails while nobody listens. */
export async function eachRejects(
  operations: Readonly<Record<string, () => Promise<unknown>>>,
  code: StorageErrorCode,
  check: (error: StorageError, operation: string) => void = () => {},
): Promise<void> {
  for (const [operation, call] of Object.entries(operations)) {
    const error = await rejects(call(), code).catch((cause: unknown) => {
      throw new assert.AssertionError({ message: `${operation}: ${String(cause)}` })
    })
    check(error, operation)
  }
}

/** A file's facts without the time of last access, which a look or a read may change. */
export const lasting = <T extends object>(info: T): Omit<T, 'atime'> => {
  const { atime: _changesWithReading, ...facts } = info as T & { atime?: unknown }
  return facts as Omit<T, 'atime'>
}

/** That a written file's facts are those that a later look shows. `replaced` is one of the writing. */
export function agrees(written: object, info: FileInfo): void {
  for (const [property, value] of Object.entries(lasting(written))) {
    if (value === undefined || property === 'replaced') continue
    assert.deepEqual(
      info[property as keyof FileInfo],
      value,
      `${property} differs between the write and the look after`,
    )
  }
}

export const namesOf = (entries: readonly (FileEntry | FolderEntry)[]): string[] => entries.map(({ name }) => name)

/** The bytes of a file, read through the service. */
export async function read(
  storage: StorageService,
  container: string,
  file: string,
  options?: Parameters<StorageService['openFile']>[2],
): Promise<Buffer> {
  const opened = await storage.openFile(container, file, options)
  const content = await opened.bytes()
  assert.equal(content.length, opened.length, 'as many bytes as were announced')
  return content
}

/** That no such file is there, by every way to ask. */
export async function absent(storage: StorageService, container: string, file: string): Promise<void> {
  const error = await rejects(storage.getFile(container, file), 'FILE_NOT_FOUND')
  assert.equal(error.file, file, 'the error names the file')
  await rejects(storage.openFile(container, file), 'FILE_NOT_FOUND')
  assert.equal(await storage.hasFile(container, file), false)
  const listed = namesOf(await storage.getFiles(container, { prefix: file }))
  assert.ok(!listed.includes(file), 'the list shows it')
}
