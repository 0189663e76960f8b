/**
 * The contract's calls, on Azure Blob Storage.
 */
import type { BlobServiceClient } from '@azure/storage-blob'
import type {
  CallOptions,
  Capabilities,
  CompleteUploadCallOptions,
  ContainerInfo,
  ContainerPage,
  CopyCallOptions,
  FileInfo,
  FileLocation,
  FilePage,
  ListCallOptions,
  ListFilesCallOptions,
  OpenCallOptions,
  OpenFile,
  PartPage,
  PartUpload,
  ProviderBody,
  PutCallOptions,
  ReadCallOptions,
  RemoveCallOptions,
  RemoveOutcome,
  SignedUrl,
  SignUrlCallOptions,
  StartUploadCallOptions,
  StorageProvider,
  UploadedPart,
  UploadPage,
  UploadPartCallOptions,
  WrittenFile,
} from '@stowage/core/provider'
import { checkOptions, type NamesOf } from '@stowage/core/provider'
import { Account, type AccountOptions } from './account.js'
import { capabilitiesFor } from './capabilities.js'
import * as containers from './containers.js'
import { copyFile } from './copier.js'
import { listFiles } from './lister.js'
import * as parts from './parts.js'
import { getFile, openFile } from './reader.js'
import { removeFile, removeFiles } from './remover.js'
import { signUrl } from './signing.js'
import { putFile } from './writer.js'

export type AzureProviderOptions = AccountOptions

const optionNames = {
  storageAccount: true,
  storageAccessKey: true,
  connectionString: true,
  sas: true,
  endpoint: true,
  credential: true,
  idleTimeout: true,
} as const satisfies NamesOf<AzureProviderOptions>

export class AzureProvider implements StorageProvider {
  readonly name = 'azure'
  readonly capabilities: Capabilities
  readonly #account: Account

  /** Makes no request. `INVALID_ARGUMENT` when the options do not say which account it is, or who asks. */
  constructor(options: AzureProviderOptions) {
    checkOptions('AzureProvider', options, optionNames)
    this.#account = new Account(options)
    const { kind } = this.#account.authority
    this.capabilities = capabilitiesFor(kind === 'key' ? 'account' : kind === 'token' ? 'delegation' : undefined)
  }

  /** The SDK's client of the account. */
  get native(): BlobServiceClient {
    return this.#account.service
  }

  listContainers(options: ListCallOptions): Promise<ContainerPage> {
    return containers.listContainers(this.#account, options)
  }

  createContainer(container: string, options: CallOptions): Promise<ContainerInfo> {
    return containers.createContainer(this.#account, container, options)
  }

  getContainer(container: string, options: CallOptions): Promise<ContainerInfo> {
    return containers.getContainer(this.#account, container, options)
  }

  destroyContainer(container: string, options: CallOptions & { readonly onlyIfEmpty: boolean }): Promise<void> {
    return containers.destroyContainer(this.#account, container, options)
  }

  listFiles(container: string, options: ListFilesCallOptions): Promise<FilePage> {
    return listFiles(this.#account, container, options)
  }

  getFile(container: string, file: string, options: ReadCallOptions): Promise<FileInfo> {
    return getFile(this.#account, container, file, options)
  }

  openFile(container: string, file: string, options: OpenCallOptions): Promise<OpenFile> {
    return openFile(this.#account, container, file, options)
  }

  putFile(container: string, file: string, body: ProviderBody, options: PutCallOptions): Promise<WrittenFile> {
    return putFile(this.#account, container, file, body, options)
  }

  removeFile(container: string, file: string, options: RemoveCallOptions): Promise<void> {
    return removeFile(this.#account, container, file, options)
  }

  removeFiles(container: string, files: readonly string[], options: CallOptions): Promise<readonly RemoveOutcome[]> {
    return removeFiles(this.#account, container, files, options)
  }

  copyFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile> {
    return copyFile(this.#account, source, target, options)
  }

  startUpload(container: string, file: string, options: StartUploadCallOptions): Promise<PartUpload> {
    return parts.startUpload(this.#account, container, file, options)
  }

  uploadPart(upload: PartUpload, body: ProviderBody, options: UploadPartCallOptions): Promise<UploadedPart> {
    return parts.uploadPart(this.#account, upload, body, options)
  }

  listParts(upload: PartUpload, options: ListCallOptions): Promise<PartPage> {
    return parts.listParts(this.#account, upload, options)
  }

  completeUpload(upload: PartUpload, options: CompleteUploadCallOptions): Promise<WrittenFile> {
    return parts.completeUpload(this.#account, upload, options)
  }

  abortUpload(upload: PartUpload, options: CallOptions): Promise<void> {
    return parts.abortUpload(this.#account, upload, options)
  }

  listUploads(container: string, options: ListCallOptions & { readonly prefix: string }): Promise<UploadPage> {
    return parts.listUploads(this.#account, container, options)
  }

  signUrl(container: string, file: string, options: SignUrlCallOptions): Promise<SignedUrl> {
    return signUrl(this.#account, container, file, options)
  }

  close(): Promise<void> {
    return this.#account.close()
  }
}
