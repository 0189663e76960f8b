/** Checks the conditions of callers, and converts them for providers. */
import { checkReadConditions, type ReadConditions, type Version, type WriteConditions } from '../contract/conditions.js'
import { defined } from '../kit/defined.js'
import type { EntityTags, ReadFileConditions } from '../service/options.js'
import { invalid } from './invalid.js'

/** Conditions that a provider can check itself. */
interface SingleConditions {
  readonly single: ReadConditions
  readonly check?: undefined
}

/** Conditions with several ETags, which core checks. */
interface ListedConditions {
  readonly single?: undefined
  readonly check: (version: Version) => void
}

/** A strong entity tag: a quoted string (RFC 9110, 8.8.3). */
const entityTag = /^"[!#-~\x80-\xff]*"$/

/** Returns the conditions of a read, for the provider or as a check. */
export function readConditions(options: ReadFileConditions): SingleConditions | ListedConditions {
  const { ifModifiedSince, ifUnmodifiedSince } = options
  const ifMatch = tags('ifMatch', options.ifMatch)
  const ifNoneMatch = tags('ifNoneMatch', options.ifNoneMatch)
  const hasTags = ifMatch !== undefined || ifNoneMatch !== undefined
  if (!hasTags && ifModifiedSince === undefined && ifUnmodifiedSince === undefined) return { single: {} }
  const times = {
    ifModifiedSince: checkDate('ifModifiedSince', ifModifiedSince),
    ifUnmodifiedSince: checkDate('ifUnmodifiedSince', ifUnmodifiedSince),
  }
  const conditionsOn = (etag: string | undefined): ReadConditions =>
    defined({ ...times, ifMatch: ifMatch && pick(ifMatch, etag), ifNoneMatch: ifNoneMatch && pick(ifNoneMatch, etag) })
  if ((ifMatch?.length ?? 0) <= 1 && (ifNoneMatch?.length ?? 0) <= 1) return { single: conditionsOn(undefined) }
  return { check: (version) => checkReadConditions(version, conditionsOn(version.etag)) }
}

/** Returns the tag that decides: the file's ETag if it is listed, or else any. */
const pick = (list: readonly string[], etag: string | undefined): string =>
  etag !== undefined && list.includes(etag) ? etag : (list[0] as string)

export function checkWriteOptions({ ifMatch, ifNoneMatch }: WriteConditions): WriteConditions {
  if (ifMatch === undefined && ifNoneMatch === undefined) return {}
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw invalid('ifNoneMatch', 'ifNoneMatch of a write must be "*", which means: only if the file does not exist')
  }
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw invalid('ifMatch', 'a write accepts ifMatch or ifNoneMatch, not both')
  }
  return defined({ ifMatch: ifMatch === undefined ? undefined : checkTag('ifMatch', ifMatch), ifNoneMatch })
}

function tags(property: string, value: EntityTags | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined
  const list = typeof value === 'string' ? [value] : value
  if (!Array.isArray(list) || list.length === 0)
    throw invalid(property, `${property} must be an ETag or an array of ETags`)
  return list.map((each: unknown) => checkTag(property, each))
}

/** Returns an ETag with its quotes, or `*`. */
export function checkTag(property: string, value: unknown): string {
  if (typeof value === 'string' && (value === '*' || entityTag.test(value))) return value
  throw invalid(property, `${property} must be * or an ETag with its quotation marks, such as "abc"`)
}

export function checkDate<Value extends Date | undefined>(property: string, value: Value): Value {
  if (value === undefined) return value
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value
  throw invalid(property, `${property} must be a valid Date`)
}
