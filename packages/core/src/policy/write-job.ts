/** A write under a policy, as the service describes it. */
import type { FileLocation, WrittenFile } from '../contract/files.js'
import type { StorageProvider, WriteCallOptions } from '../contract/provider.js'
import type { RetryPolicy } from '../service/retry.js'
import type { CheckedBody } from '../upload/body.js'
import type { CompiledPolicy } from './compile.js'
import type { AnnouncedFile } from './policy.js'

export interface PolicedWrite {
  readonly provider: StorageProvider
  readonly retry: RetryPolicy
  readonly policy: CompiledPolicy
  readonly file: AnnouncedFile
  readonly source: CheckedBody
  /** How the file is stored, except the content type that the policy finds. */
  readonly options: Omit<WriteCallOptions, 'attributes'> & {
    readonly attributes: Omit<WriteCallOptions['attributes'], 'contentType'>
  }
  /** Stores the body; with the given content type, or the one that it has without a policy. */
  readonly put: (target: PutTarget) => Promise<WrittenFile>
  /**
   * The reservation of an upload that has begun earlier. It is kept if the upload can be continued.
   */
  readonly reservation?: { readonly id: string; readonly expires?: Date }
}

/** How a body is stored. */
export interface PutTarget {
  /** The type that the policy has found. */
  readonly contentType?: string | undefined
  /** Another place, where the file has no attributes. */
  readonly held?: FileLocation
}
