/**
 * Conditions on writes. Swift supports `If-None-Match: *`. A separate request checks `ifMatch`,
 * which Swift does not support on writes and deletions.
 */
import {
  checkWriteConditions,
  type FileInfo,
  type FileLocation,
  isStorageError,
  type WriteConditions,
} from '@stowage/core/provider'
import type { SwiftClient } from '../client/client.js'
import { readInfo } from '../reader.js'
import { newestHeaders } from '../segments/layout.js'

/** Returns the headers of a write that must not replace a file. */
export const createOnlyHeaders = (conditions: WriteConditions): Record<string, string> =>
  conditions.ifNoneMatch === undefined ? {} : { 'if-none-match': '*' }

/** Checks `ifMatch` in a separate request. */
export async function checkIfMatch(
  client: SwiftClient,
  location: FileLocation,
  conditions: WriteConditions,
  signal: AbortSignal,
): Promise<void> {
  if (conditions.ifMatch !== undefined) checkWriteConditions(await currentFile(client, location, signal), conditions)
}

/** Returns the newest version on all replicas, or `undefined` if the file does not exist. */
export async function currentFile(
  client: SwiftClient,
  location: FileLocation,
  signal: AbortSignal,
): Promise<FileInfo | undefined> {
  try {
    return (await readInfo(client, location, signal, newestHeaders)).info
  } catch (error) {
    if (isStorageError(error, 'FILE_NOT_FOUND')) return undefined
    throw error
  }
}
