/**
 * The questions of `stowage datasource`.
 */

import type { Choice, Questions } from '../terminal/questions.js'
import { convert, isReference, literal, variableFor } from './entry.js'
import { type Property, type ProviderName, propertyOf, providers, type SignInChoice } from './providers.js'

/** The answers. */
export interface Answers {
  readonly properties: Readonly<Record<string, unknown>>
  /** Values of unset environment variables: only for the test sign-in, never written. */
  readonly environment: Readonly<Record<string, string>>
}

export interface NewDataSource {
  readonly name: string
  readonly provider: ProviderName
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Whether to ask for the values of environment variables. */
  readonly trial: boolean
}

export async function chooseProvider(questions: Questions): Promise<ProviderName> {
  const names = Object.keys(providers) as [ProviderName, ...ProviderName[]]
  const choices = names.map((value) => ({ value, label: `${value}: ${providers[value].title}` }))
  return questions.choose('Which service?', choices as [Choice<ProviderName>, ...Choice<ProviderName>[]])
}

/** Asks for the properties of one way to sign in. */
export async function askForProperties(questions: Questions, subject: NewDataSource): Promise<Answers> {
  const { signIns } = providers[subject.provider]
  const [first, ...others] = signIns.map((value) => ({ value, label: value.title })) as [
    Choice<SignInChoice>,
    ...Choice<SignInChoice>[],
  ]
  const way = others.length === 0 ? first.value : await questions.choose('How to sign in?', [first, ...others])
  const properties: Record<string, unknown> = {}
  const environment: Record<string, string> = {}
  for (const name of way.ask) {
    const property = propertyOf(subject.provider, name) as Property
    const needed = property.required === true || (way.needs ?? []).includes(name)
    if (property.kind === 'boolean') {
      properties[name] = await questions.confirm(property.question ?? name, property.suggestion === true)
    } else if (property.secret === true) {
      const { kept, variables } = await askForSecret(questions, name, property, subject)
      properties[name] = kept
      Object.assign(environment, variables)
    } else {
      const answer = await askForText(questions, name, property, needed)
      if (answer !== '') properties[name] = convert(name, answer, property)
    }
  }
  return { properties, environment }
}

const askForText = (questions: Questions, name: string, { question = name, suggestion }: Property, needed: boolean) =>
  questions.text(question, {
    check: (answer) => (needed && answer === '' ? 'A value is required' : undefined),
    ...(typeof suggestion === 'string' ? { suggestion } : {}),
  })

async function askForSecret(
  questions: Questions,
  property: string,
  { question = property }: Property,
  { name, environment, trial }: NewDataSource,
): Promise<{ readonly kept: string; readonly variables: Readonly<Record<string, string>> }> {
  const suggestion = variableFor(name, property)
  const place = await questions.choose(`${question}: where is it stored?`, [
    { value: 'environment', label: 'in the environment', hint: `the file contains \${${suggestion}}` },
    { value: 'file', label: 'in the file, as plain text' },
  ])
  if (place === 'file') {
    const secret = await questions.secret(`${question} (not shown)`, { needed: true })
    return { kept: literal(secret), variables: {} }
  }
  const variable = await questions.text('Name of the environment variable', {
    suggestion,
    check: (answer) =>
      isReference(`\${${answer}}`) && !answer.includes(':')
        ? undefined
        : 'Use letters, digits and underscores, and no digit at the start',
  })
  const kept = `\${${variable}}`
  if (!trial || environment[variable] !== undefined) return { kept, variables: {} }
  const value = await questions.secret(`${question}, to check it now (not shown, not written; empty: skip)`, {
    needed: false,
  })
  return { kept, variables: value === '' ? {} : { [variable]: value } }
}
