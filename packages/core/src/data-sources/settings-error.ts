/** The messages about invalid settings, the same for all providers and schema libraries. */

import { unknownName } from '../checks/option-names.js'
import { StorageError } from '../contract/errors.js'

/** A schema's report of one invalid value (Standard Schema 1). */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Returns the path of an issue, continued by dots. */
export const pathOf = ({ path = [] }: SchemaIssue): string =>
  path.map((key) => String(typeof key === 'object' ? key.key : key)).join('.')

/**
 * Returns the property names of a schema, which valibot calls `entries` and zod `shape`. Empty if
 * the library does not expose them.
 */
const propertiesOf = (schema: object): readonly string[] => {
  const { entries, shape } = schema as { readonly entries?: unknown; readonly shape?: unknown }
  return Object.keys(Object(entries ?? shape ?? {}))
}

/** Makes the `INVALID_ARGUMENT` error for settings that a provider's schema rejects. */
export function settingsError(
  issues: readonly SchemaIssue[],
  about: {
    readonly schema: object
    /** The data source's name. */
    readonly source: string | undefined
    /** The provider's name; `undefined` for a module. */
    readonly provider: string | undefined
    /** Names of the settings that every data source can have. */
    readonly common: readonly string[]
  },
): StorageError {
  const owner = about.provider === undefined ? 'the provider' : `provider ${JSON.stringify(about.provider)}`
  const properties = propertiesOf(about.schema)
  const messages = issues.map((issue) => {
    const property = pathOf(issue)
    if (property === '') return `the settings of ${owner}${continued(issue.message)}`
    const isUnknown = properties.length > 0 && !property.includes('.') && !properties.includes(property)
    if (isUnknown) return unknownName('property', property, owner, [...properties, ...about.common])
    return `property ${JSON.stringify(property)} of ${owner}${continued(issue.message)}`
  })
  const where = about.source === undefined ? '' : `data source ${JSON.stringify(about.source)}: `
  const [first] = issues
  const property = first === undefined ? undefined : pathOf(first) || undefined
  return new StorageError('INVALID_ARGUMENT', where + messages.join('; '), { details: { property } })
}

/** Appends a message: one that continues the sentence, or one of the schema library. */
const continued = (message: string) => (/^(?:must|is|needs|cannot) /.test(message) ? ` ${message}` : `: ${message}`)
