import type { BlobServiceClient } from '@azure/storage-blob'
import { type Capabilities, checkSettings, providerBase } from '@stowage/core/provider'
import { capabilitiesFor } from './capabilities.js'
import { Account, type AccountOptions } from './client/account.js'
import * as containers from './containers.js'
import * as copier from './copier.js'
import * as directUploads from './direct-uploads.js'
import * as hiddenFiles from './hidden-files.js'
import * as lister from './lister.js'
import * as reader from './reader.js'
import * as remover from './remover.js'
import { type AzureSettings, settings } from './settings.js'
import * as signing from './signing.js'
import * as uploads from './uploads.js'
import * as writer from './writer.js'

export type AzureProviderOptions = AccountOptions

const base = providerBase<Account>()({
  ...containers,
  ...lister,
  ...reader,
  ...writer,
  ...remover,
  ...copier,
  ...uploads,
  ...hiddenFiles,
  ...signing,
  ...directUploads,
  close: (account) => account.close(),
})

/**
 * Azure Blob Storage.
 *
 * @example
 * const settings = { storageAccount: 'photos', storageAccessKey: key }
 * const storage = new StorageService(new AzureProvider(settings))
 */
export class AzureProvider extends base {
  readonly name = 'azure'
  readonly capabilities: Capabilities

  /**
   * Creates the provider without any I/O.
   *
   * @throws `INVALID_ARGUMENT` if the options do not identify an account and its credentials.
   */
  constructor(options: AzureProviderOptions) {
    checkSettings('AzureProvider', options, settings)
    super(new Account(options))
    const { kind } = this.context.authority
    this.capabilities = capabilitiesFor(kind === 'key' ? 'account' : kind === 'token' ? 'delegation' : undefined)
  }

  /** The SDK's client of the account. Closed with the provider. */
  get native(): BlobServiceClient {
    return this.context.service
  }
}

/** Creates the provider from checked settings. */
export function createProvider(options: AzureSettings): AzureProvider {
  return new AzureProvider(options)
}
