/**
 * The sentences about wrong settings, which are the same for all providers and schema libraries.
 */

import { unknownName } from '../checks/option-names.js'
import { StorageError } from '../contract/errors.js'

/** What a schema says of one wrong value (Standard Schema 1). */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

export const pathOf = ({ path = [] }: SchemaIssue): string =>
  path.map((key) => String(typeof key === 'object' ? key.key : key)).join('.')

/**
 * The names of a schema's properties, which valibot calls `entries` and zod `shape`; empty where
 * the library does not show them.
 */
const propertiesOf = (schema: object): readonly string[] => {
  const { entries, shape } = schema as { readonly entries?: unknown; readonly shape?: unknown }
  return Object.keys(Object(entries ?? shape ?? {}))
}

/** `INVALID_ARGUMENT` for settings that a provider's schema refuses. */
export function settingsError(
  issues: readonly SchemaIssue[],
  about: {
    readonly schema: object
    /** The data source's name. */
    readonly source: string | undefined
    /** The provider's name; `undefined` for one that was passed as a module. */
    readonly provider: string | undefined
    /** Names of settings that every data source can have. */
    readonly common: readonly string[]
  },
): StorageError {
  const owner = about.provider === undefined ? 'the provider' : `provider ${JSON.stringify(about.provider)}`
  const properties = propertiesOf(about.schema)
  const sentences = issues.map((issue) => {
    const property = pathOf(issue)
    if (property === '') return `the settings of ${owner}${joined(issue.message)}`
    const isUnknown = properties.length > 0 && !property.includes('.') && !properties.includes(property)
    if (isUnknown) return unknownName('property', property, owner, [...properties, ...about.common])
    return `property ${JSON.stringify(property)} of ${owner}${joined(issue.message)}`
  })
  const where = about.source === undefined ? '' : `the data source ${JSON.stringify(about.source)}: `
  const [first] = issues
  const property = first === undefined ? undefined : pathOf(first) || undefined
  return new StorageError('INVALID_ARGUMENT', where + sentences.join('; '), { details: { property } })
}

/** A message that continues the sentence, or one of the schema library's own. */
const joined = (message: string) => (/^(?:must|is|needs|cannot) /.test(message) ? ` ${message}` : `: ${message}`)
