import type { S3Client } from '@aws-sdk/client-s3'
import { type Capabilities, checkSettings, providerBase } from '@stowage/core/provider'
import { capabilitiesOf, maxPartSize } from './capabilities.js'
import { createClient, featuresOf, type S3ProviderOptions } from './client/client.js'
import { Connection } from './client/connection.js'
import * as containers from './containers.js'
import * as copier from './copier.js'
import * as cors from './cors.js'
import * as directUploads from './direct-uploads.js'
import * as hiddenFiles from './hidden-files.js'
import * as lister from './lister.js'
import * as reader from './reader.js'
import * as remover from './remover.js'
import { type S3Settings, settings } from './settings.js'
import * as signing from './signing.js'
import * as uploads from './uploads.js'
import * as writer from './writer.js'

const base = providerBase<Connection>()({
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
  ...cors,
  close: async ({ client }) => client.destroy(),
})

/**
 * Amazon S3, or another service that supports its API.
 *
 * @example
 * const storage = new StorageService(new S3Provider({ region: 'eu-central-1' }))
 */
export class S3Provider extends base {
  readonly name = 'amazon'
  readonly capabilities: Capabilities

  constructor(options: S3ProviderOptions = {}) {
    checkSettings('S3Provider', options, settings, ['credentials'])
    const features = featuresOf(options)
    super(
      new Connection(createClient(options), {
        ...features,
        customerKey: options.SSECustomerKey,
        maxCopySize: options.maxCopySize ?? maxPartSize,
        refreshable:
          typeof (options.credentials ?? options.key) !== 'string' && typeof options.credentials !== 'object',
      }),
    )
    this.capabilities = capabilitiesOf(features)
  }

  /** The SDK's client, with the provider's credentials. Closed with the provider. */
  get native(): S3Client {
    return this.context.client
  }
}

/** Creates the provider from checked settings. */
export function createProvider(options: S3Settings): S3Provider {
  return new S3Provider(options)
}
