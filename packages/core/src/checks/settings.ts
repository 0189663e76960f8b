/**
 * Checks of settings by a provider's schema, and their messages, the same for all providers and
 * schema libraries.
 */
import { StorageError } from '../contract/errors.js'
import { invalid } from './invalid.js'
import { unknownName } from './option-names.js'

/** A schema's report of one invalid value (Standard Schema 1). */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** A schema that validates without waiting (Standard Schema 1). */
interface Schema {
  readonly '~standard': {
    readonly validate: (value: unknown) => { readonly issues?: readonly SchemaIssue[] | undefined } | Promise<unknown>
  }
}

/** What the issues of a schema are about. */
interface CheckedSchema {
  readonly schema: object
  /** What the values are called. */
  readonly noun: 'property' | 'option'
  /** What has them, such as `provider "azure"`. */
  readonly owner: string
  /** Names that are valid besides those of the schema. */
  readonly more: readonly string[]
}

/**
 * Checks the options of a provider's constructor by the rules of its settings. Properties that are
 * `undefined` are ignored.
 *
 * @param owner The class, for the message.
 * @param schema The settings of the provider's package. It validates without waiting.
 * @param more The names of options that only the constructor has. Their values are not checked.
 * @throws `INVALID_ARGUMENT`, which names the first invalid option.
 *
 * @example
 * constructor(options: AcmeSettings) {
 *   checkSettings('AcmeProvider', options, settings)
 *   super(new Connection(options))
 * }
 */
export function checkSettings(owner: string, options: unknown, schema: Schema, more: readonly string[] = []): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid('options', `the options of ${owner} must be an object`)
  }
  const given: Record<string, unknown> = {}
  // Includes inherited properties, which are read like the object's own.
  for (const name in options) {
    const value = (options as Record<string, unknown>)[name]
    if (value !== undefined && !more.includes(name)) given[name] = value
  }
  const result = schema['~standard'].validate(given)
  if (result instanceof Promise) throw new TypeError(`the settings of ${owner} must be a schema that does not wait`)
  if (result.issues === undefined) return
  throw settingsError(result.issues, '', { schema, noun: 'option', owner, more })
}

/** Returns the path of an issue, continued by dots. */
export const pathOf = ({ path = [] }: SchemaIssue): string =>
  path.map((key) => String(typeof key === 'object' ? key.key : key)).join('.')

/**
 * Makes the `INVALID_ARGUMENT` error for values that a schema rejects.
 *
 * @param where Before the message.
 */
export function settingsError(issues: readonly SchemaIssue[], where: string, subject: CheckedSchema): StorageError {
  const { schema, noun, owner, more } = subject
  const properties = propertiesOf(schema)
  const isUnknown = (property: string) =>
    property !== '' && properties.length > 0 && !property.includes('.') && !properties.includes(property)
  const messageOf = ({ property, message }: { readonly property: string; readonly message: string }) => {
    if (property === '') return `the settings of ${owner}${continued(message)}`
    if (isUnknown(property)) return unknownName(noun, property, owner, [...properties, ...more])
    return `${noun} ${JSON.stringify(property)} of ${owner}${continued(message)}`
  }
  // A misspelt name first: it is the cause of the missing one.
  const found = issues
    .map((issue) => ({ property: pathOf(issue), message: issue.message }))
    .toSorted((a, b) => Number(isUnknown(b.property)) - Number(isUnknown(a.property)))
  const message = [...new Set(found.map(messageOf))].join('; ')
  return new StorageError('INVALID_ARGUMENT', where + message, {
    details: { property: found[0]?.property || undefined },
  })
}

/**
 * Returns the property names of a schema, which valibot calls `entries` and zod `shape`. Empty if
 * the library does not expose them.
 */
const propertiesOf = (schema: object): readonly string[] => {
  const { entries, shape } = schema as { readonly entries?: unknown; readonly shape?: unknown }
  return Object.keys(Object(entries ?? shape ?? {}))
}

/** Appends a message: one that continues the sentence, or one of the schema library. */
const continued = (message: string) => (/^(?:must|is|needs|cannot) /.test(message) ? ` ${message}` : `: ${message}`)
