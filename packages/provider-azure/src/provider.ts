import type { BlobServiceClient } from '@azure/storage-blob'
import { type Capabilities, checkOptions, type NamesOf, providerBase } from '@stowage/core/provider'
import { Account, type AccountOptions } from './account.js'
import { capabilitiesFor } from './capabilities.js'
import * as containers from './containers.js'
import * as copier from './copier.js'
import * as lister from './lister.js'
import * as reader from './reader.js'
import * as remover from './remover.js'
import type { AzureSettings } from './settings.js'
import * as signing from './signing.js'
import * as uploads from './uploads.js'
import * as writer from './writer.js'

export type AzureProviderOptions = AccountOptions

const optionNames = {
  storageAccount: true,
  storageAccessKey: true,
  connectionString: true,
  sas: true,
  endpoint: true,
  credential: true,
  idleTimeout: true,
} as const satisfies NamesOf<AzureProviderOptions>

const base = providerBase<Account>()({
  ...containers,
  ...lister,
  ...reader,
  ...writer,
  ...remover,
  ...copier,
  ...uploads,
  ...signing,
  close: (account) => account.close(),
})

export class AzureProvider extends base {
  readonly name = 'azure'
  readonly capabilities: Capabilities

  /** Makes no request. `INVALID_ARGUMENT` when the options do not say which account it is, or who asks. */
  constructor(options: AzureProviderOptions) {
    checkOptions('AzureProvider', options, optionNames)
    super(new Account(options))
    const { kind } = this.context.authority
    this.capabilities = capabilitiesFor(kind === 'key' ? 'account' : kind === 'token' ? 'delegation' : undefined)
  }

  /** The SDK's client of the account. */
  get native(): BlobServiceClient {
    return this.context.service
  }
}

/** Makes the provider from checked settings. */
export function createProvider(settings: AzureSettings): AzureProvider {
  return new AzureProvider(settings)
}
