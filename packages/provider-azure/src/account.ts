/**
 * The account: where it is, who asks, and the clients that the SDK gives for it.
 */
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
import { httpClientOver } from './http-client.js'
import { blobName } from './names.js'

/** What @azure/identity gives, and @azure/core-auth describes. */
export interface TokenCredential {
  getToken(
    scopes: string | string[],
    options?: object,
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>
}

/** Exactly one of: connection string; account and key; account (or endpoint) and SAS; account (or endpoint) and credential. */
export interface AccountOptions {
  readonly storageAccount?: string | undefined
  readonly storageAccessKey?: string | undefined
  readonly connectionString?: string | undefined
  readonly sas?: string | undefined
  readonly endpoint?: string | undefined
  readonly credential?: TokenCredential | undefined
  /** Milliseconds without a byte on a connection until it counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
}

/** Who asks. */
export type Authority =
  | { readonly kind: 'key'; readonly credential: StorageSharedKeyCredential }
  | { readonly kind: 'token'; readonly credential: TokenCredential }
  /** In every URL already. */
  | { readonly kind: 'sas' }

/** Azurite's account, which everybody knows: "Connect to the emulator account using the well-known account name and key". */
const developmentAccount: Readonly<Partial<Record<string, string>>> = {
  AccountName: 'devstoreaccount1',
  AccountKey: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  BlobEndpoint: 'http://127.0.0.1:10000/devstoreaccount1',
}

export class Account {
  /** The blob service's URL, without a slash at its end and without a SAS. */
  readonly endpoint: string
  readonly authority: Authority
  readonly #sas: string
  readonly #transport: HttpTransport
  readonly service: BlobServiceClient

  /** Makes no request. */
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

  /** The blob that holds a file. */
  file(container: string, file: string): BlockBlobClient {
    return this.blob(container, blobName(file))
  }

  /** A blob by its own name. */
  blob(container: string, blob: string): BlockBlobClient {
    return this.container(container).getBlockBlobClient(blob)
  }

  /** A blob whose requests carry headers that the SDK has no option for. */
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
      // Core repeats what can be repeated; the SDK would multiply its tries, and hide them.
      retryOptions: { maxTries: 1 },
      httpClient: httpClientOver(this.#transport),
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

const wrong = (property: keyof AccountOptions, message: string) =>
  new StorageError('INVALID_ARGUMENT', message, { details: { property } })

interface ResolvedAccount {
  readonly endpoint: string
  readonly authority: Authority
  /** With its question mark; empty when there is none. */
  readonly sas: string
}

function resolveAccount(options: AccountOptions): ResolvedAccount {
  if (options.connectionString !== undefined) return ofConnectionString(options)
  const { storageAccount, storageAccessKey, sas, credential } = options
  const given = [storageAccessKey, sas, credential].filter((value) => value !== undefined)
  if (given.length === 0) {
    throw wrong('storageAccessKey', 'one of storageAccessKey, sas, credential and connectionString is needed')
  }
  if (given.length > 1) throw wrong('storageAccessKey', 'only one of storageAccessKey, sas and credential can be used')
  if (options.endpoint === undefined && storageAccount === undefined) {
    throw wrong('storageAccount', 'storageAccount is needed, or endpoint')
  }
  const endpoint = withoutSlash(options.endpoint ?? `https://${storageAccount}.blob.core.windows.net`, 'endpoint')
  if (credential !== undefined && !endpoint.startsWith('https:')) {
    throw wrong('endpoint', 'a credential is sent over https alone')
  }
  if (credential !== undefined) return { endpoint, authority: { kind: 'token', credential }, sas: '' }
  if (sas !== undefined) return { endpoint, authority: { kind: 'sas' }, sas: `?${sas.replace(/^\?/, '')}` }
  if (storageAccount === undefined) throw wrong('storageAccount', 'storageAccount is needed beside storageAccessKey')
  return { endpoint, authority: keyAuthority(storageAccount, storageAccessKey as string, 'storageAccessKey'), sas: '' }
}

function ofConnectionString(options: AccountOptions): ResolvedAccount {
  const property = 'connectionString'
  for (const other of ['storageAccount', 'storageAccessKey', 'sas', 'endpoint', 'credential'] as const) {
    if (options[other] !== undefined) throw wrong(other, `${other} cannot be used beside ${property}`)
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
    throw wrong(property, 'the connection string has neither AccountName nor BlobEndpoint')
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
    throw wrong(property, 'the connection string has neither AccountName and AccountKey nor SharedAccessSignature')
  }
  return { endpoint, authority: keyAuthority(AccountName, AccountKey, property), sas: '' }
}

function keyAuthority(account: string, key: string, property: keyof AccountOptions): Authority {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key)) throw wrong(property, "the account's key is not Base64")
  return { kind: 'key', credential: new StorageSharedKeyCredential(account, key) }
}

function withoutSlash(url: string, property: keyof AccountOptions): string {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw wrong(property, `the blob service's URL is none of http or https`)
  const { origin, pathname } = new URL(url)
  return origin + pathname.replace(/\/+$/, '')
}
