/** The storage account: its endpoint, its credentials, and the SDK's clients for it. */
import {
  BlobServiceClient,
  type BlockBlobClient,
  type ContainerClient,
  newPipeline,
  type RequestPolicyFactory,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { StorageError } from '@stowage/core/provider'
import { HttpTransport } from '@stowage/http-transport'
import { blobName } from '../mapping/names.js'
import { createHttpClient } from './http-client.js'

/** The credentials of @azure/identity, as @azure/core-auth declares them. */
export interface TokenCredential {
  getToken(
    scopes: string | string[],
    options?: object,
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>
}

/**
 * Exactly one of: connection string; account and key; account (or endpoint) and SAS; account (or
 * endpoint) and credential.
 */
export interface AccountOptions {
  readonly storageAccount?: string | undefined
  readonly storageAccessKey?: string | undefined
  readonly connectionString?: string | undefined
  readonly sas?: string | undefined
  readonly endpoint?: string | undefined
  readonly credential?: TokenCredential | undefined
  /** Milliseconds without data after which a connection counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
}

/** How requests are authorized. */
export type Authority =
  | { readonly kind: 'key'; readonly credential: StorageSharedKeyCredential }
  | { readonly kind: 'token'; readonly credential: TokenCredential }
  /** The signature is part of every URL. */
  | { readonly kind: 'sas' }

/**
 * The public account of Azurite: "Connect to the emulator account using the well-known account name
 * and key".
 */
const developmentAccount: Readonly<Partial<Record<string, string>>> = {
  AccountName: 'devstoreaccount1',
  AccountKey: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  BlobEndpoint: 'http://127.0.0.1:10000/devstoreaccount1',
}

/** The context of all calls. */
export class Account {
  /** The blob service's URL, without a trailing slash and without a SAS. */
  readonly endpoint: string
  readonly authority: Authority
  readonly #sas: string
  readonly #transport: HttpTransport
  readonly service: BlobServiceClient

  /** Sends no request. */
  constructor(options: AccountOptions) {
    const { endpoint, authority, sas } = resolveAccount(options)
    this.endpoint = endpoint
    this.authority = authority
    this.#sas = sas
    this.#transport = new HttpTransport({ idleTimeout: options.idleTimeout })
    this.service = this.#client()
  }

  container(container: string): ContainerClient {
    return this.service.getContainerClient(container)
  }

  /** Returns the client of a file's blob. */
  file(container: string, file: string): BlockBlobClient {
    return this.blob(container, blobName(file))
  }

  /** Returns the client of a blob by the blob's name. */
  blob(container: string, blob: string): BlockBlobClient {
    return this.container(container).getBlockBlobClient(blob)
  }

  /** Returns a blob's client whose requests have headers for which the SDK has no option. */
  blobWithHeaders(container: string, blob: string, headers: Readonly<Record<string, string>>): BlockBlobClient {
    return this.#client(headers).getContainerClient(container).getBlockBlobClient(blob)
  }

  /** Closes the connections. */
  close(): Promise<void> {
    return this.#transport.close()
  }

  #client(headers?: Readonly<Record<string, string>>): BlobServiceClient {
    const { authority } = this
    const pipeline = newPipeline(authority.kind === 'sas' ? undefined : authority.credential, {
      // Core retries. Retries of the SDK would multiply the attempts, and hide them.
      retryOptions: { maxTries: 1 },
      httpClient: createHttpClient(this.#transport),
    })
    if (headers !== undefined) pipeline.factories.push(withHeaders(headers))
    return new BlobServiceClient(this.endpoint + this.#sas, pipeline)
  }
}

function withHeaders(headers: Readonly<Record<string, string>>): RequestPolicyFactory {
  return {
    create: (next) => ({
      sendRequest(request) {
        for (const [name, value] of Object.entries(headers)) request.headers.set(name, value)
        return next.sendRequest(request)
      },
    }),
  }
}

const invalidOption = (property: keyof AccountOptions, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })

interface ResolvedAccount {
  readonly endpoint: string
  readonly authority: Authority
  /** With its question mark; empty if there is none. */
  readonly sas: string
}

function resolveAccount(options: AccountOptions): ResolvedAccount {
  if (options.connectionString !== undefined) return resolveConnectionString(options)
  const { storageAccount, storageAccessKey, sas, credential } = options
  const given = [storageAccessKey, sas, credential].filter((value) => value !== undefined)
  if (given.length === 0) {
    throw invalidOption(
      'storageAccessKey',
      'missing credentials: set storageAccessKey, sas, credential or connectionString',
    )
  }
  if (given.length > 1)
    throw invalidOption('storageAccessKey', 'storageAccessKey, sas and credential exclude each other')
  if (options.endpoint === undefined && storageAccount === undefined) {
    throw invalidOption('storageAccount', 'missing account: set storageAccount or endpoint')
  }
  const endpoint = withoutSlash(options.endpoint ?? `https://${storageAccount}.blob.core.windows.net`, 'endpoint')
  if (credential !== undefined && !endpoint.startsWith('https:')) {
    throw invalidOption('endpoint', 'a credential requires an endpoint with https')
  }
  if (credential !== undefined) return { endpoint, authority: { kind: 'token', credential }, sas: '' }
  if (sas !== undefined) return { endpoint, authority: { kind: 'sas' }, sas: `?${sas.replace(/^\?/, '')}` }
  if (storageAccount === undefined) throw invalidOption('storageAccount', 'storageAccessKey requires storageAccount')
  return { endpoint, authority: keyAuthority(storageAccount, storageAccessKey as string, 'storageAccessKey'), sas: '' }
}

function resolveConnectionString(options: AccountOptions): ResolvedAccount {
  const property = 'connectionString'
  for (const other of ['storageAccount', 'storageAccessKey', 'sas', 'endpoint', 'credential'] as const) {
    if (options[other] !== undefined) throw invalidOption(other, `${other} cannot be combined with ${property}`)
  }
  const pairs = Object.fromEntries(
    (options.connectionString as string).split(';').map((pair) => {
      const end = pair.indexOf('=')
      return [pair.slice(0, Math.max(end, 0)).trim(), pair.slice(end + 1).trim()]
    }),
  ) as Readonly<Partial<Record<string, string>>>
  const { AccountName, AccountKey, BlobEndpoint, SharedAccessSignature, DefaultEndpointsProtocol, EndpointSuffix } =
    pairs['UseDevelopmentStorage'] === 'true' ? developmentAccount : pairs
  if (BlobEndpoint === undefined && AccountName === undefined) {
    throw invalidOption(property, 'the connection string has neither AccountName nor BlobEndpoint')
  }
  const endpoint = withoutSlash(
    BlobEndpoint ??
      `${DefaultEndpointsProtocol ?? 'https'}://${AccountName}.blob.${EndpointSuffix ?? 'core.windows.net'}`,
    property,
  )
  if (SharedAccessSignature !== undefined) {
    return { endpoint, authority: { kind: 'sas' }, sas: `?${SharedAccessSignature.replace(/^\?/, '')}` }
  }
  if (AccountName === undefined || AccountKey === undefined) {
    throw invalidOption(
      property,
      'the connection string has neither AccountName and AccountKey nor SharedAccessSignature',
    )
  }
  return { endpoint, authority: keyAuthority(AccountName, AccountKey, property), sas: '' }
}

function keyAuthority(account: string, key: string, property: keyof AccountOptions): Authority {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key)) throw invalidOption(property, "the account's key must be in Base64")
  return { kind: 'key', credential: new StorageSharedKeyCredential(account, key) }
}

function withoutSlash(url: string, property: keyof AccountOptions): string {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw invalidOption(property, "the blob service's URL must begin with http:// or https://")
  const { origin, pathname } = new URL(url)
  return origin + pathname.replace(/\/+$/, '')
}
