import type {
  $Command,
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-s3'
import { type Checksums, StorageError } from '@stowage/core/provider'
import type { Understands } from './capabilities.js'
import { explain, type Subject, statusOf } from './errors.js'
import type { SendOptions } from './request-handler.js'

export interface ConnectionOptions extends Understands {
  /** 32 bytes in Base64, for all reads and for writes that name no other. */
  readonly customerKey: string | undefined
  /** Bytes: the largest copy of one request. */
  readonly maxCopySize: number
  /** Whether credentials can be asked for again. */
  readonly refreshable: boolean
}

/** The client, and what all requests have in common. */
export class Connection {
  readonly client: S3Client
  readonly options: ConnectionOptions
  /** How the service wants ETags in conditions on writes, once it is known; see {@link WriteConditions}. */
  etagForm: 'quoted' | 'bare' | undefined
  /** The part uploads that this process started and has not ended, by id, each with the key that it was started with. */
  readonly started = new Map<string, CustomerKey>()

  constructor(client: S3Client, options: ConnectionOptions) {
    this.client = client
    this.options = options
  }

  /**
   * Sends a command; whatever goes wrong is a `StorageError`.
   * @param streamFrom Bytes: longer content comes as a stream. Default: none does.
   */
  async send<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: $Command<Input, Output, S3ClientResolvedConfig>,
    signal: AbortSignal,
    subject: Subject,
    streamFrom = Number.POSITIVE_INFINITY,
  ): Promise<Output> {
    const options: SendOptions = { abortSignal: signal, streamFrom }
    try {
      return await this.client.send(command, options)
    } catch (error) {
      if (this.options.refreshable && isExpired(error)) throw await this.#refresh(error, subject)
      throw explain(error, subject)
    }
  }

  /** New credentials for the next try: the request with the old ones did nothing. */
  async #refresh(error: unknown, subject: Subject): Promise<StorageError> {
    const credentials: unknown = this.client.config.credentials
    try {
      if (typeof credentials === 'function') await credentials({ forceRefresh: true })
    } catch (failure) {
      return explain(failure, subject)
    }
    return new StorageError('UNAVAILABLE', 'the credentials had expired and were renewed', {
      cause: explain(error, subject).cause,
    })
  }

  /** For requests that read or copy what is encrypted with the customer's key. */
  get customerKey(): CustomerKey {
    return customerKeyOf(this.options.customerKey)
  }

  /** The key that a part upload was started with. */
  customerKeyOfUpload(id: string): CustomerKey {
    return this.started.get(id) ?? this.customerKey
  }
}

const isExpired = (error: unknown) =>
  statusOf(error) !== undefined &&
  error instanceof Error &&
  ['ExpiredToken', 'TokenRefreshRequired', 'ExpiredTokenException'].includes(error.name)

export interface CustomerKey {
  readonly SSECustomerAlgorithm?: string
  readonly SSECustomerKey?: string
}

export const customerKeyOf = (key: string | undefined): CustomerKey =>
  key === undefined ? {} : { SSECustomerAlgorithm: 'AES256', SSECustomerKey: key }

/** The headers in an answer that tell how the content is encrypted. */
interface Encryption {
  readonly ServerSideEncryption?: string
  readonly SSECustomerAlgorithm?: string
}

/**
 * The MD5 that an ETag is: of content sent by one request, and not encrypted in a way that makes it something else. Amazon
 * keeps it so under its own keys; of other services that is not known.
 */
export function md5OfEtag(etag: string, encryption: Encryption, amazon: boolean): Pick<Checksums, 'md5'> {
  const { ServerSideEncryption: server, SSECustomerAlgorithm: customer } = encryption
  const plain = customer === undefined && (server === undefined || (amazon && server === 'AES256'))
  const md5 = /^"([0-9a-f]{32})"$/.exec(etag)?.[1]
  return plain && md5 !== undefined ? { md5 } : {}
}

/** Some answers have ETags without their quotes. */
export const quoted = (etag: string | undefined): string =>
  etag === undefined || etag === '' || etag.startsWith('"') ? (etag ?? '') : `"${etag}"`

/** Whole seconds, as the headers of an answer say it; lists of some servers say more. */
export const wholeSeconds = (date: Date | undefined): Date => new Date(Math.floor((date?.getTime() ?? 0) / 1000) * 1000)
