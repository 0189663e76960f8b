import {
  type CallOptions,
  type Capabilities,
  type CompleteUploadCallOptions,
  type ContainerInfo,
  type ContainerPage,
  type CopyCallOptions,
  checkOptions,
  type FileInfo,
  type FileLocation,
  type FilePage,
  freezeCapabilities,
  type ListCallOptions,
  type ListFilesCallOptions,
  type NamesOf,
  type OpenCallOptions,
  type OpenFile,
  type PartPage,
  type PartUpload,
  type PartUploadReference,
  type ProviderBody,
  type PutCallOptions,
  type ReadCallOptions,
  type RemoveCallOptions,
  type RemoveOutcome,
  type SignedUrl,
  type SignUrlCallOptions,
  type StartUploadCallOptions,
  type StorageProvider,
  type UploadedPart,
  type UploadPage,
  type UploadPartCallOptions,
  type WrittenFile,
} from '@stowage/core/provider'
import { swiftCapabilities } from './capabilities.js'
import { SwiftClient } from './client.js'
import { createContainer, destroyContainer, getContainer, listContainers } from './containers.js'
import { type CopyLimits, copyFile } from './copier.js'
import { removeFile, removeFiles } from './file-remover.js'
import { listFiles } from './lister.js'
import { listUploads } from './markers.js'
import { getFile, openFile } from './reader.js'
import type { SignIn } from './sign-in.js'
import { UrlSigner } from './signing.js'
import { abortUpload, completeUpload, listParts, startUpload, uploadPart } from './uploads.js'
import { putFile } from './writer.js'

const MiB = 1024 * 1024

export interface SwiftProviderOptions extends Partial<CopyLimits> {
  /** As in a data source's `provider`. */
  readonly name: string
  readonly signIn: SignIn
  /** The account's key for signed URLs, when it is known. Default: the account is asked, and given one when it has none. */
  readonly tempUrlKey?: string | undefined
  /** Milliseconds in which nothing comes over a connection, after which it counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
  /** Stand in for those of a Swift with its usual settings, each as a whole. */
  readonly capabilities?: Partial<Capabilities>
}

const optionNames = {
  name: true,
  signIn: true,
  tempUrlKey: true,
  idleTimeout: true,
  capabilities: true,
  singleCopySize: true,
  copyPartSize: true,
} as const satisfies NamesOf<SwiftProviderOptions>

/** Containers and files in one account of an OpenStack Swift. */
export class SwiftProvider implements StorageProvider {
  readonly name: string
  readonly capabilities: Capabilities
  readonly native: SwiftClient
  readonly #copyLimits: CopyLimits
  readonly #signer: UrlSigner

  constructor(options: SwiftProviderOptions) {
    checkOptions('SwiftProvider', options, optionNames)
    const { name, signIn, tempUrlKey, idleTimeout, capabilities, ...limits } = options
    this.name = name
    this.capabilities = freezeCapabilities({ ...swiftCapabilities, ...capabilities })
    this.native = new SwiftClient(signIn, idleTimeout)
    this.#signer = new UrlSigner(this.native, tempUrlKey)
    const { singleCopySize = 256 * MiB, copyPartSize = 256 * MiB } = limits
    this.#copyLimits = { singleCopySize, copyPartSize }
  }

  async listContainers(options: ListCallOptions): Promise<ContainerPage> {
    return listContainers(this.native, options)
  }

  async createContainer(container: string, { signal }: CallOptions): Promise<ContainerInfo> {
    return createContainer(this.native, container, signal)
  }

  async getContainer(container: string, { signal }: CallOptions): Promise<ContainerInfo> {
    return getContainer(this.native, container, signal)
  }

  async destroyContainer(container: string, options: CallOptions & { readonly onlyIfEmpty: boolean }): Promise<void> {
    return destroyContainer(this.native, container, options)
  }

  async listFiles(container: string, options: ListFilesCallOptions): Promise<FilePage> {
    return listFiles(this.native, container, options)
  }

  async getFile(container: string, file: string, options: ReadCallOptions): Promise<FileInfo> {
    return getFile(this.native, { container, file }, options)
  }

  async openFile(container: string, file: string, options: OpenCallOptions): Promise<OpenFile> {
    return openFile(this.native, { container, file }, options)
  }

  async putFile(container: string, file: string, body: ProviderBody, options: PutCallOptions): Promise<WrittenFile> {
    return putFile(this.native, { container, file }, body, options)
  }

  async removeFile(container: string, file: string, options: RemoveCallOptions): Promise<void> {
    return removeFile(this.native, { container, file }, options)
  }

  async removeFiles(
    container: string,
    files: readonly string[],
    { signal }: CallOptions,
  ): Promise<readonly RemoveOutcome[]> {
    return removeFiles(this.native, container, files, signal)
  }

  async copyFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile> {
    return copyFile(this.native, source, target, options, this.#copyLimits)
  }

  async startUpload(container: string, file: string, options: StartUploadCallOptions): Promise<PartUpload> {
    return startUpload(this.native, { container, file }, options)
  }

  async uploadPart(upload: PartUpload, body: ProviderBody, options: UploadPartCallOptions): Promise<UploadedPart> {
    return uploadPart(this.native, upload, body, options)
  }

  async listParts(upload: PartUploadReference, options: ListCallOptions): Promise<PartPage> {
    return listParts(this.native, upload, options)
  }

  async completeUpload(upload: PartUpload, options: CompleteUploadCallOptions): Promise<WrittenFile> {
    return completeUpload(this.native, upload, options)
  }

  async abortUpload(upload: PartUploadReference, { signal }: CallOptions): Promise<void> {
    return abortUpload(this.native, upload, signal)
  }

  async listUploads(container: string, options: ListCallOptions & { readonly prefix: string }): Promise<UploadPage> {
    return listUploads(this.native, container, options)
  }

  async signUrl(container: string, file: string, options: SignUrlCallOptions): Promise<SignedUrl> {
    return this.#signer.sign({ container, file }, options)
  }

  async close(): Promise<void> {
    await this.native.close()
  }
}
