/**
 * Assertions in the terms of the contract.
 */
import assert from 'node:assert/strict'
import type { StorageService } from '../../index.js'
import {
  errorCodes,
  type FileEntry,
  type FileInfo,
  type FolderEntry,
  isStorageError,
  type StorageError,
  type StorageErrorCode,
} from '../../provider.js'

/** Asserts that the operation fails with one of these codes, and returns the error. */
export async function rejects(
  operation: Promise<unknown>,
  ...wanted: readonly [StorageErrorCode, ...StorageErrorCode[]]
): Promise<StorageError> {
  const error = await operation.then(
    (value) => assert.fail(`the operation succeeded${describe(value)} instead of failing with ${wanted.join(' or ')}`),
    (reason: unknown) => reason,
  )
  return isCode(error, ...wanted)
}

export function isCode(error: unknown, ...wanted: readonly [StorageErrorCode, ...StorageErrorCode[]]): StorageError {
  if (error instanceof assert.AssertionError) throw error
  assert.ok(isStorageError(error), `not a StorageError: ${String(error)}`)
  const message = `the code is ${error.code} (${error.message}) instead of ${wanted.join(' or ')}`
  assert.ok(wanted.includes(error.code), message)
  assert.equal(error.statusCode, errorCodes[error.code].status, 'the HTTP status of the code')
  return error
}

const describe = (value: unknown) => (value === undefined ? '' : ` with ${JSON.stringify(value)?.slice(0, 200)}`)

/** Asserts that the bytes are equal. The message has the first difference instead of the bytes. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what = 'the content'): void {
  assert.equal(actual.length, expected.length, `${what} has the wrong length`)
  if (Buffer.compare(actual, expected) === 0) return
  const at = actual.findIndex((byte, index) => byte !== expected[index])
  assert.fail(`${what} differs from byte ${at} on`)
}

/**
 * Asserts that each operation fails with this code. They run one after the other, so that none
 * fails before its error is handled.
 */
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

/** Returns a file's properties without the time of the last access, which reading may change. */
export const lasting = <T extends object>(info: T): Omit<T, 'atime'> => {
  const { atime: _changesWithReading, ...facts } = info as T & { atime?: unknown }
  return facts as Omit<T, 'atime'>
}

/** Asserts that the properties that a write returned equal those of the file, except `replaced`. */
export function agrees(written: object, info: FileInfo): void {
  for (const [property, value] of Object.entries(lasting(written))) {
    if (value === undefined || property === 'replaced') continue
    assert.deepEqual(info[property as keyof FileInfo], value, `${property} differs between the write and a later read`)
  }
}

export const namesOf = (entries: readonly (FileEntry | FolderEntry)[]): string[] => entries.map(({ name }) => name)

/** Returns the bytes of a file, read through the service. */
export async function read(
  storage: StorageService,
  container: string,
  file: string,
  options?: Parameters<StorageService['openFile']>[2],
): Promise<Buffer> {
  const opened = await storage.openFile(container, file, options)
  const content = await opened.bytes()
  assert.equal(content.length, opened.length, 'the announced number of bytes')
  return content
}

/** Asserts that the file does not exist, with every operation that could show it. */
export async function absent(storage: StorageService, container: string, file: string): Promise<void> {
  const error = await rejects(storage.getFile(container, file), 'FILE_NOT_FOUND')
  assert.equal(error.file, file, 'the error names the file')
  await rejects(storage.openFile(container, file), 'FILE_NOT_FOUND')
  assert.equal(await storage.hasFile(container, file), false)
  const listed = namesOf(await storage.getFiles(container, { prefix: file }))
  assert.ok(!listed.includes(file), 'the list contains the file')
}
