/** Conditions as the SDK's options. */
import { defined, type ReadConditions } from '@stowage/core/provider'

/** Returns whether there is at most one condition, and Azure supports it on reads. */
export function isSingleCondition(conditions: ReadConditions): boolean {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions
  const given = [ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince].filter((value) => value !== undefined)
  return given.length <= 1 && ifNoneMatch !== '*' && ifMatch !== '*'
}

/** Returns the conditions of a read or a write as the SDK's options. */
export const nativeConditions = ({ ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince }: ReadConditions) =>
  defined({ ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince })
