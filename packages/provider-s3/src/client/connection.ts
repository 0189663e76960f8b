/** The client, the settings that requests need, and the state that a provider keeps. */
import type {
  $Command,
  S3Client,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-s3'
import { StorageError } from '@stowage/core/provider'
import type { ServiceFeatures } from '../capabilities.js'
import { explain, type Resource, statusOf } from '../mapping/errors.js'
import { type CustomerKey, customerKeyOf } from './customer-key.js'
import type { SendOptions } from './request-handler.js'

export interface ConnectionOptions extends ServiceFeatures {
  /** 32 bytes in Base64, for all reads, and for writes without their own key. */
  readonly customerKey: string | undefined
  /** Bytes: larger files are copied in parts. */
  readonly maxCopySize: number
  /** Whether credentials can be renewed. */
  readonly refreshable: boolean
}

/** The context of all calls. */
export class Connection {
  readonly client: S3Client
  readonly options: ConnectionOptions
  /**
   * How the service expects ETags in conditions on writes, once known. See `mapping/conditions.ts`.
   */
  etagForm: 'quoted' | 'unquoted' | undefined
  /** The unfinished multipart uploads that this process started, by id, each with its key. */
  readonly startedUploads = new Map<string, CustomerKey>()

  constructor(client: S3Client, options: ConnectionOptions) {
    this.client = client
    this.options = options
  }

  /**
   * Sends a command. Rejects with a `StorageError`.
   *
   * @param streamFrom Bytes: longer content is returned as a stream. Default: no content is.
   */
  async send<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: $Command<Input, Output, S3ClientResolvedConfig>,
    signal: AbortSignal,
    resource: Resource,
    streamFrom = Number.POSITIVE_INFINITY,
  ): Promise<Output> {
    const options: SendOptions = { abortSignal: signal, streamFrom }
    try {
      return await this.client.send(command, options)
    } catch (error) {
      if (this.options.refreshable && isExpired(error)) throw await this.#refresh(error, resource)
      throw explain(error, resource)
    }
  }

  /**
   * Renews the credentials, and returns an error that core retries: the request with the expired
   * ones did nothing.
   */
  async #refresh(error: unknown, resource: Resource): Promise<StorageError> {
    const credentials: unknown = this.client.config.credentials
    try {
      if (typeof credentials === 'function') await credentials({ forceRefresh: true })
    } catch (failure) {
      return explain(failure, resource)
    }
    return new StorageError('UNAVAILABLE', 'the credentials had expired and were renewed', {
      cause: explain(error, resource).cause,
    })
  }

  /** The key for requests that read or copy files which are encrypted with the customer's key. */
  get customerKey(): CustomerKey {
    return customerKeyOf(this.options.customerKey)
  }

  /** The key that a multipart upload was started with. */
  customerKeyOfUpload(id: string): CustomerKey {
    return this.startedUploads.get(id) ?? this.customerKey
  }
}

const isExpired = (error: unknown) =>
  statusOf(error) !== undefined &&
  error instanceof Error &&
  ['ExpiredToken', 'TokenRefreshRequired', 'ExpiredTokenException'].includes(error.name)
