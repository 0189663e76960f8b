/**
 * The entry of a data source, made from options and answers.
 */
import { type EnvironmentReference, parseReferences } from '@stowage/core'
import { unknownName } from '@stowage/core/provider'
import { UsageFailure } from '../failures/failures.js'
import type { Entry } from './data-source-file.js'
import { commonProperties, type Property, type ProviderName, propertyOf, providers } from './providers.js'

export type Properties = Readonly<Record<string, unknown>>

/** The connector that LoopBack's data sources name. */
export const connectorPackage = '@stowage/loopback-connector'

/** Returns the references to the environment in a text. */
function referencesIn(text: string): readonly EnvironmentReference[] {
  const pieces = parseReferences(text)
  // The text may be a secret.
  if (pieces === undefined) throw new UsageFailure('write ${NAME}, ${NAME:-default}, or $${ for a literal ${')
  return pieces.filter((piece) => typeof piece !== 'string')
}

/** Whether the text is exactly one reference to the environment. */
export const isReference = (text: string): boolean => {
  const pieces = parseReferences(text)
  return pieces?.length === 1 && typeof pieces[0] === 'object'
}

/** Escapes a text for the file, so that nothing in it is read as a reference. */
export const literal = (text: string): string => text.replaceAll('${', () => '$${')

/** Returns why a name cannot be that of a data source: it could not be written in an address. */
export function checkName(name: string): string | undefined {
  if (name === '') return 'The name must not be empty'
  return /[\s:/\\\p{Cc}]/u.test(name) || name === '-'
    ? 'The name must not contain blanks, colons, slashes or backslashes'
    : undefined
}

/** Returns the values of `--set property=value`, in the types of the properties. */
export function parseAssignments(provider: ProviderName, assignments: readonly string[]): Properties {
  return Object.fromEntries(
    assignments.map((assignment) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(assignment) ?? []
      // The text may be a secret.
      if (name === undefined || value === undefined) throw new UsageFailure('--set takes property=value')
      const property = propertyOf(provider, name)
      if (property === undefined) throw new UsageFailure(unknownProperty(provider, name))
      return [name, convert(name, value, property)]
    }),
  )
}

function unknownProperty(provider: ProviderName, name: string): string {
  const known = [...Object.keys(providers[provider].properties), ...Object.keys(commonProperties)]
  return unknownName('property', name, `provider ${JSON.stringify(provider)}`, known)
}

/** Parses a value in the type of its property. */
export function convert(name: string, text: string, { kind, choices }: Property): unknown {
  if (referencesIn(text).length > 0 && (kind === 'text' || isReference(text))) return text
  if (choices !== undefined) {
    const chosen = choices.find((choice) => String(choice) === text)
    if (chosen === undefined) throw new UsageFailure(`${name} must be one of ${choices.join(', ')}`)
    return chosen
  }
  if (kind === 'text') {
    if (text === '') throw new UsageFailure(`${name} must not be empty: omit it instead`)
    return text
  }
  if (kind === 'boolean') {
    if (text !== 'true' && text !== 'false') throw new UsageFailure(`${name} must be true or false`)
    return text === 'true'
  }
  if (kind === 'number') {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value)) throw new UsageFailure(`${name} must be a number`)
    return value
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageFailure(`${name} must be JSON`)
  }
}

/** Returns what the provider requires and lacks; `undefined` if nothing is missing. */
export function whatIsMissing(provider: ProviderName, given: Properties): string | undefined {
  const { properties, signIns } = providers[provider]
  const lacking = Object.entries(properties)
    .filter(([name, { required }]) => required === true && given[name] === undefined)
    .map(([name]) => name)
  if (lacking.length > 0) return lacking.join(' and ')
  const needs = signIns.map(({ needs = [] }) => needs)
  if (needs.some((each) => each.every((name) => given[name] !== undefined))) return undefined
  return needs.map((each) => each.join(' and ')).join(', or ')
}

/** Returns the properties whose value is a secret in plain text. */
export function plainSecrets(provider: ProviderName, given: Properties): string[] {
  return Object.entries(given)
    .filter(([name, value]) => propertyOf(provider, name)?.secret === true && variablesOf({ value }).length === 0)
    .map(([name]) => name)
}

/** Returns the environment variables that the values need: those without a default. */
export function variablesOf(given: Properties): string[] {
  const texts = Object.values(given).filter((value) => typeof value === 'string')
  const references = texts.flatMap(referencesIn).filter(({ fallback }) => fallback === undefined)
  return [...new Set(references.map(({ variable }) => variable))]
}

/** Returns `PHOTOS_API_KEY` for the property `apiKey` of the data source `photos`. */
export function variableFor(source: string, property: string): string {
  const words = `${source}_${property.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`)}`
  return words
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]+/g, '_')
    .replace(/^(?=\d)/, '_')
}

/** Returns the entry for the file, with its name and provider first. */
export function entryOf(name: string, provider: ProviderName, properties: Properties, loopback: boolean): Entry {
  return { name, ...(loopback ? { connector: connectorPackage } : {}), provider, ...properties }
}
