/** What the methods of one `StorageService` share. */
import { positive } from '../checks/arguments.js'
import { withResumableUploads } from '../checks/provider.js'
import type { Capabilities } from '../contract/capabilities.js'
import type { StorageProvider } from '../contract/provider.js'
import { type CompiledPolicy, compilePolicy, joined, type UploadPolicies } from '../policy/compile.js'
import { ResumableUploads } from '../resumable/resumable-uploads.js'
import type { UploadTuning } from '../upload/uploader.js'
import { Operations } from './operations.js'
import type { WriteOptions } from './options.js'
import type { RetryPolicy } from './retry.js'

/** What a service was created with. */
export interface ServiceSettings {
  readonly retry: RetryPolicy
  readonly tuning: UploadTuning
  readonly policy: CompiledPolicy | undefined
}

export class ServiceContext {
  readonly provider: StorageProvider
  readonly retry: RetryPolicy
  readonly operations: Operations
  readonly tuning: UploadTuning
  readonly #policy: CompiledPolicy | undefined
  #resumable: ResumableUploads | undefined

  constructor(provider: StorageProvider, { retry, tuning, policy }: ServiceSettings) {
    this.provider = provider
    this.retry = retry
    this.operations = new Operations(provider, retry)
    this.tuning = tuning
    this.#policy = policy
  }

  get capabilities(): Capabilities {
    return this.provider.capabilities
  }

  /**
   * The resumable uploads that this process receives.
   *
   * @throws `NOT_SUPPORTED` if the provider has none.
   */
  get resumable(): ResumableUploads {
    this.#resumable ??= new ResumableUploads(withResumableUploads(this.provider), this.retry)
    return this.#resumable
  }

  /** Returns the rules that hold for a call: those of the service, and those of its options. */
  policyFor({ policy }: { readonly policy?: UploadPolicies }): CompiledPolicy | undefined {
    if (policy === undefined) return this.#policy
    const own = compilePolicy(policy)
    return this.#policy === undefined ? own : joined(this.#policy, own)
  }

  /** Returns the part size and the parallelism of a call. */
  tuningFor({ partSize, parallelism }: Pick<WriteOptions, 'partSize' | 'parallelism'>): UploadTuning {
    if (partSize === undefined && parallelism === undefined) return this.tuning
    return {
      partSize: positive('partSize', partSize ?? this.tuning.partSize),
      parallelism: positive('parallelism', parallelism ?? this.tuning.parallelism),
    }
  }
}
