/**
 * The settings of each provider, as data: the questions of `stowage datasource`, and the properties
 * of `--set`. They are repeated here because a provider's package may not be installed yet. A test
 * compares them with the settings of the packages.
 */
import type { providerPackages } from '@stowage/core'

export type ProviderName = keyof typeof providerPackages

export interface Property {
  /** `json`: any other value, written as JSON. */
  readonly kind: 'text' | 'number' | 'boolean' | 'json'
  /** The allowed values. */
  readonly choices?: readonly (string | boolean)[]
  /** Every data source requires it. */
  readonly required?: true
  /** Not shown while it is typed, and better stored in the environment. */
  readonly secret?: true
  /** The question that asks for it. */
  readonly question?: string
  /** The suggested answer. */
  readonly suggestion?: string | boolean
}

/** One way to sign in. */
export interface SignInChoice {
  readonly title: string
  /** The questions, in this order. An answer may be empty unless the property is required. */
  readonly ask: readonly string[]
  /** The properties that this way requires. */
  readonly needs?: readonly string[]
}

export interface ProviderDescription {
  readonly title: string
  readonly signIns: readonly [SignInChoice, ...SignInChoice[]]
  readonly properties: Readonly<Record<string, Property>>
}

const text = { kind: 'text' } as const
const number = { kind: 'number' } as const
const boolean = { kind: 'boolean' } as const
const signedUrls = { kind: 'json', secret: true } as const

export const providers: Readonly<Record<ProviderName, ProviderDescription>> = {
  filesystem: {
    title: 'a directory',
    signIns: [{ title: 'the directory', ask: ['root', 'createRoot'] }],
    properties: {
      root: {
        kind: 'text',
        required: true,
        question: 'Root directory: its subdirectories are the containers (relative to datasources.json)',
        suggestion: './files',
      },
      createRoot: { kind: 'boolean', question: 'Create the directory if missing?', suggestion: true },
      fsync: boolean,
      chunkSize: number,
      signedUrls,
    },
  },
  amazon: {
    title: 'Amazon S3, or a compatible service',
    signIns: [
      { title: 'an access key', ask: ['keyId', 'key', 'region', 'endpoint'], needs: ['keyId', 'key'] },
      {
        title: "the SDK's credential chain: environment, profile, SSO, role of the machine",
        ask: ['profile', 'region', 'endpoint'],
      },
    ],
    properties: {
      keyId: { kind: 'text', question: "The access key's id" },
      key: { kind: 'text', secret: true, question: 'The secret access key' },
      sessionToken: { kind: 'text', secret: true },
      profile: { kind: 'text', question: 'Profile of the shared configuration files (empty: the default one)' },
      region: { kind: 'text', question: 'Region, such as eu-west-1 (empty: from the environment or the profile)' },
      endpoint: { kind: 'text', question: "URL of a service other than Amazon's (empty: Amazon)" },
      forcePathStyle: boolean,
      useAccelerateEndpoint: boolean,
      useDualstackEndpoint: boolean,
      useFipsEndpoint: boolean,
      conditionalWrites: { kind: 'text', choices: ['all', 'puts', false] },
      conditionalRemovals: boolean,
      sealedUrls: boolean,
      directUploads: boolean,
      checksums: boolean,
      maxMetadataBytes: number,
      maxConnections: number,
      connectTimeout: number,
      idleTimeout: number,
      maxCopySize: number,
      SSECustomerKey: { kind: 'text', secret: true },
    },
  },
  azure: {
    title: 'Azure Blob Storage',
    signIns: [
      {
        title: "the account's key",
        ask: ['storageAccount', 'storageAccessKey', 'endpoint'],
        needs: ['storageAccount', 'storageAccessKey'],
      },
      { title: 'a connection string', ask: ['connectionString'], needs: ['connectionString'] },
      {
        title: 'a shared access signature',
        ask: ['storageAccount', 'sas', 'endpoint'],
        needs: ['sas'],
      },
    ],
    properties: {
      storageAccount: { kind: 'text', question: "The account's name" },
      storageAccessKey: { kind: 'text', secret: true, question: "One of the account's keys" },
      connectionString: { kind: 'text', secret: true, question: 'Connection string' },
      sas: { kind: 'text', secret: true, question: 'Shared access signature' },
      endpoint: {
        kind: 'text',
        question: "The blob service's URL (empty: https://<account>.blob.core.windows.net)",
      },
      idleTimeout: number,
    },
  },
  openstack: {
    title: 'OpenStack Swift',
    signIns: [
      {
        title: 'name and password',
        ask: ['authUrl', 'username', 'password', 'projectName', 'domainName', 'region'],
        needs: ['username', 'password'],
      },
      {
        title: 'id and password',
        ask: ['authUrl', 'userId', 'password', 'projectId', 'region'],
        needs: ['userId', 'password'],
      },
      {
        title: 'application credential',
        ask: ['authUrl', 'applicationCredentialId', 'applicationCredentialSecret', 'region'],
        needs: ['applicationCredentialId', 'applicationCredentialSecret'],
      },
    ],
    properties: {
      authUrl: { kind: 'text', required: true, question: "Keystone's URL" },
      username: { kind: 'text', question: "The user's name" },
      userId: { kind: 'text', question: "The user's id" },
      password: { kind: 'text', secret: true, question: "The user's password" },
      applicationCredentialId: { kind: 'text', question: "The application credential's id" },
      applicationCredentialSecret: { kind: 'text', secret: true, question: "The application credential's secret" },
      keystoneAuthVersion: { kind: 'text', choices: ['v2.0', 'v3'] },
      domainId: text,
      domainName: { kind: 'text', question: "The user's domain (empty: the one whose id is 'default')" },
      projectId: { kind: 'text', question: "The project's id (empty: the user's default project)" },
      projectName: { kind: 'text', question: "Project (empty: the user's default project)" },
      tenantId: text,
      tenantName: text,
      projectDomainId: text,
      projectDomainName: text,
      region: { kind: 'text', question: 'Region (empty: the only one)' },
      useInternal: boolean,
      tempUrlKey: { kind: 'text', secret: true },
      idleTimeout: number,
    },
  },
  rackspace: {
    title: 'Rackspace Cloud Files',
    signIns: [{ title: 'name and API key', ask: ['username', 'apiKey', 'region'] }],
    properties: {
      username: { kind: 'text', required: true, question: "The user's name" },
      apiKey: { kind: 'text', required: true, secret: true, question: "The user's API key" },
      region: { kind: 'text', question: "Region, such as DFW or LON (empty: the user's)" },
      authUrl: text,
      useInternal: boolean,
      tempUrlKey: { kind: 'text', secret: true },
      idleTimeout: number,
    },
  },
  memory: {
    title: 'memory, for tests: lost when the process ends',
    signIns: [{ title: 'none', ask: [] }],
    properties: { capabilities: { kind: 'json' }, signedUrls },
  },
}

/** The settings of every data source, for all providers. */
export const commonProperties: Readonly<Record<string, Property>> = {
  partSize: number,
  parallelism: number,
  policy: { kind: 'json' },
  maxFileSize: number,
  maxFieldsSize: number,
  allowedContentTypes: { kind: 'json' },
  nameConflict: { kind: 'text', choices: ['makeUnique'] },
  acl: text,
}

export const isProviderName = (name: string): name is ProviderName => Object.hasOwn(providers, name)

export function propertyOf(provider: ProviderName, name: string): Property | undefined {
  const { properties } = providers[provider]
  if (Object.hasOwn(properties, name)) return properties[name]
  return Object.hasOwn(commonProperties, name) ? commonProperties[name] : undefined
}
