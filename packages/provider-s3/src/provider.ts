import type { S3Client } from '@aws-sdk/client-s3'
import { type Capabilities, checkOptions, providerBase } from '@stowage/core/provider'
import { capabilitiesOf, maxPartSize } from './capabilities.js'
import { createClient, type S3ProviderOptions, s3OptionNames, whatItUnderstands } from './client.js'
import { Connection } from './connection.js'
import * as containers from './containers.js'
import * as copier from './copier.js'
import * as lister from './lister.js'
import * as reader from './reader.js'
import * as remover from './remover.js'
import type { S3Settings } from './settings.js'
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
  ...signing,
  close: async ({ client }) => client.destroy(),
})

export class S3Provider extends base {
  readonly name = 'amazon'
  readonly capabilities: Capabilities

  constructor(options: S3ProviderOptions = {}) {
    checkOptions('S3Provider', options, s3OptionNames)
    const understands = whatItUnderstands(options)
    super(
      new Connection(createClient(options), {
        ...understands,
        customerKey: options.SSECustomerKey,
        maxCopySize: options.maxCopySize ?? maxPartSize,
        refreshable:
          typeof (options.credentials ?? options.key) !== 'string' && typeof options.credentials !== 'object',
      }),
    )
    this.capabilities = capabilitiesOf(understands)
  }

  /** The SDK's client, signed in as this provider is. Closed with the provider. */
  get native(): S3Client {
    return this.context.client
  }
}

/** Makes the provider from checked settings. */
export function createProvider(settings: S3Settings): S3Provider {
  return new S3Provider(settings)
}
