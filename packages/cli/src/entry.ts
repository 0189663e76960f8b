/**
 * A data source's entry, from what was given and answered.
 */
import type { Entry } from './data-source-file.js'
import { UsageFailure } from './failures.js'
import { commonProperties, type Property, type ProviderName, propertyOf, providers } from './providers.js'

export type Properties = Readonly<Record<string, unknown>>

/** LoopBack's connector, which its data sources name. */
export const connectorPackage = '@stowage/loopback-connector'

const reference = /\$\{[A-Za-z_][A-Za-z0-9_]*\}/

/** Whether the text has a `${NAME}` that stands for a variable of the environment. */
export const refersToEnvironment = (value: unknown): boolean => typeof value === 'string' && reference.test(value)

/** What is wrong with a data source's name; such names could not be written in an address. */
export function checkName(name: string): string | undefined {
  if (name === '') return 'A data source needs a name'
  return /[\s:/\\\p{Cc}]/u.test(name) || name === '-'
    ? 'A name has no blanks, colons, slashes or backslashes'
    : undefined
}

/** The values of `--set property=value`, in the kinds that the properties have. */
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
  const known = [...Object.keys(providers[provider].properties), ...Object.keys(commonProperties)].join(', ')
  return `${provider} has no property ${JSON.stringify(name)}, but ${known}`
}

/** A value in its property's kind. */
export function convert(name: string, text: string, { kind, choices }: Property): unknown {
  if (choices !== undefined) {
    const chosen = choices.find((choice) => String(choice) === text)
    if (chosen === undefined) throw new UsageFailure(`${name} must be one of ${choices.join(', ')}`)
    return chosen
  }
  if (kind === 'text') {
    if (text === '') throw new UsageFailure(`${name} must not be empty; leave it out instead`)
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
    throw new UsageFailure(`${name} must be written as JSON`)
  }
}

/** What the provider cannot do without and was not given; nothing when all is there. */
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

/** The properties whose value is a secret in plain text. */
export function plainSecrets(provider: ProviderName, given: Properties): string[] {
  return Object.entries(given)
    .filter(([name, value]) => propertyOf(provider, name)?.secret === true && !refersToEnvironment(value))
    .map(([name]) => name)
}

/** The variables of the environment that the values refer to. */
export function variablesOf(given: Properties): string[] {
  const texts = Object.values(given).filter((value) => typeof value === 'string')
  return [
    ...new Set(
      texts.flatMap((text) => [...text.matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g)].map(([, name = '']) => name)),
    ),
  ]
}

/** Such as `PHOTOS_API_KEY` for the property `apiKey` of the data source `photos`. */
export function variableFor(source: string, property: string): string {
  const words = `${source}_${property.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`)}`
  return words
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]+/g, '_')
    .replace(/^(?=\d)/, '_')
}

/** The entry as it stands in the file: what tells what it is first. */
export function entryOf(name: string, provider: ProviderName, properties: Properties, loopback: boolean): Entry {
  return { name, ...(loopback ? { connector: connectorPackage } : {}), provider, ...properties }
}
