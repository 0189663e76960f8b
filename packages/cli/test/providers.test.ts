import { providerPackages, uploadSettings } from '@stowage/core'
import * as azure from '@stowage/provider-azure'
import * as filesystem from '@stowage/provider-fs'
import * as memory from '@stowage/provider-memory'
import * as openstack from '@stowage/provider-openstack'
import * as rackspace from '@stowage/provider-rackspace'
import * as amazon from '@stowage/provider-s3'
import { describe, expect, test } from 'vitest'
import { whatIsMissing } from '../src/data-sources/entry.js'
import { commonProperties, type Property, type ProviderName, providers } from '../src/data-sources/providers.js'

/** The part of a valibot schema that these tests read. */
interface Schema {
  readonly type: string
  readonly '~standard': { readonly validate: (value: unknown) => unknown }
}

interface ObjectSchema {
  readonly entries: Readonly<Record<string, Schema>>
}

const schemas: Readonly<Record<ProviderName, ObjectSchema>> = {
  amazon: amazon.settings,
  azure: azure.settings,
  filesystem: filesystem.settings,
  memory: memory.settings,
  openstack: openstack.settings,
  rackspace: rackspace.settings,
}

/** Passed in as code alone. */
const inCode = new Set(['credential', 'credentials'])

const takes = (schema: Schema, value: unknown) => {
  const result = schema['~standard'].validate(value) as { readonly issues?: unknown }
  return result.issues === undefined
}

/** Values of each kind, of which one is good for every property of that kind. */
const samples = {
  text: ['text', 'https://example.com/'],
  number: [1, 65_536, 5 * 1024 ** 3],
  boolean: [true, false],
  json: [{}, { baseUrl: 'https://example.com/api', secrets: ['a secret of the tests, of 32 characters'] }],
} as const

function kindOf(schema: Schema, { choices }: Property): string {
  if (choices !== undefined) {
    expect(choices.every((choice) => takes(schema, choice))).toBe(true)
    return 'text'
  }
  const kinds = Object.entries(samples).filter(([, values]) => values.some((value) => takes(schema, value)))
  return kinds.map(([kind]) => kind).join(' or ')
}

test('every provider that core knows is described', () => {
  expect(Object.keys(providers).toSorted()).toEqual(Object.keys(providerPackages).toSorted())
})

test('what an HTTP layer is told of uploads can be set, but for what is code', () => {
  const expected = uploadSettings.filter((name) => name !== 'getFilename')
  expect(Object.keys(commonProperties)).toEqual(expect.arrayContaining(expected))
})

describe.each(Object.keys(schemas) as ProviderName[])('%s', (provider) => {
  const { entries } = schemas[provider]
  const { properties, signIns } = providers[provider]

  test("has the properties of the provider's own settings, and no others", () => {
    const expected = Object.keys(entries).filter((name) => !inCode.has(name))
    expect(Object.keys(properties).toSorted()).toEqual(expected.toSorted())
  })

  test('has them in the same kinds, and needs the same', () => {
    for (const [name, property] of Object.entries(properties)) {
      const schema = entries[name] as Schema
      expect(kindOf(schema, property), name).toBe(property.kind)
      expect(property.required ?? false, name).toBe(schema.type !== 'optional')
    }
  })

  test('asks for properties that there are, with a question for each', () => {
    for (const { ask, needs = [] } of signIns) {
      for (const name of ask) expect(properties[name]?.question, name).toBeTypeOf('string')
      expect(ask).toEqual(expect.arrayContaining([...needs]))
    }
  })

  test('asks for all that the provider cannot do without', () => {
    for (const { ask } of signIns) {
      const answers = Object.fromEntries(
        ask.map((name) => [name, properties[name]?.kind === 'boolean' ? true : 'text']),
      )
      expect(whatIsMissing(provider, answers)).toBeUndefined()
    }
  })
})
