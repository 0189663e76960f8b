/**
 * Refusals: the errors of a policy, which the uploader may see, and the channel that reports them.
 */
import { channel } from 'node:diagnostics_channel'
import {
  isStorageError,
  type PolicyRule,
  StorageError,
  type StorageErrorCode,
  type StorageErrorDetails,
} from '../contract/errors.js'
import { defined } from '../kit/defined.js'
import type { AnnouncedFile } from './policy.js'

/** The channel's name. */
export const refusalChannel = 'stowage:refusal'

/** The message of {@link refusalChannel}: a policy has refused a file. */
export interface RefusalEvent {
  readonly rule: PolicyRule
  readonly file: AnnouncedFile
  readonly error: StorageError
}

const refusals = channel(refusalChannel)

/** Makes the error of a refused file, and reports it. */
export function refusal(
  file: AnnouncedFile,
  code: StorageErrorCode,
  rule: PolicyRule,
  message: string,
  { cause, ...details }: StorageErrorDetails & { readonly cause?: unknown } = {},
): StorageError {
  return reported(file, new StorageError(code, message, { details: { ...details, rule }, ...defined({ cause }) }))
}

/** Reports an error as a refusal by a rule. */
export function refusalOf(file: AnnouncedFile, rule: PolicyRule, error: StorageError): StorageError {
  const { code, message, details, cause } = error
  return reported(file, new StorageError(code, message, { details: { ...details, rule }, ...defined({ cause }) }))
}

function reported(file: AnnouncedFile, error: StorageError): StorageError {
  const { rule } = error.details
  if (rule !== undefined && refusals.hasSubscribers) refusals.publish({ rule, file, error } satisfies RefusalEvent)
  return error
}

/**
 * Whether a policy refuses the content whenever it is sent, so that nothing of it has to be kept.
 * An upload that has become too large may still end earlier.
 */
export function isFinalRefusal(error: unknown): error is StorageError {
  if (!isStorageError(error) || error.details.rule === undefined) return false
  if (error.code === 'TOO_LARGE') return error.details.rule === 'scan'
  return error.code === 'TYPE_NOT_ALLOWED' || error.code === 'CONTENT_REFUSED'
}

/** Bytes in words: `2621440 bytes (2.5 MiB)`. */
export function bytesInWords(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  const exponent = Math.min(Math.floor(Math.log2(bytes) / 10), units.length)
  const rounded = Number((bytes / 1024 ** exponent).toPrecision(3))
  return `${bytes} bytes (${rounded} ${units[exponent - 1]})`
}

/** A list of types in words, shortened. */
export function typesInWords(types: Iterable<string>): string {
  const list = [...types]
  return list.length > 12 ? `${list.slice(0, 12).join(', ')}, …` : list.join(', ')
}
