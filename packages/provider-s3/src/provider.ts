import type { S3Client } from '@aws-sdk/client-s3'
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
import { checkOptions } from '@stowage/core/provider'
import { capabilitiesOf, maxPartSize } from './capabilities.js'
import { createClient, type S3ProviderOptions, s3OptionNames, whatItUnderstands } from './client.js'
import { Connection } from './connection.js'
import { createContainer, destroyContainer, getContainer } from './containers.js'
import { copyFile } from './copier.js'
import { listContainers, listFiles } from './lister.js'
import { abortUpload, completeUpload, listParts, listUploads, startUpload, uploadPart } from './parts.js'
import { getFile, openFile } from './reader.js'
import { removeFile, removeFiles } from './remover.js'
import { signUrl } from './signing.js'
import { putFile } from './writer.js'

export class S3Provider implements StorageProvider {
  readonly name = 'amazon'
  readonly capabilities: Capabilities
  readonly #connection: Connection

  constructor(options: S3ProviderOptions = {}) {
    checkOptions('S3Provider', options, s3OptionNames)
    const understands = whatItUnderstands(options)
    this.capabilities = capabilitiesOf(understands)
    this.#connection = new Connection(createClient(options), {
      ...understands,
      customerKey: options.SSECustomerKey,
      maxCopySize: options.maxCopySize ?? maxPartSize,
      refreshable: typeof (options.credentials ?? options.key) !== 'string' && typeof options.credentials !== 'object',
    })
  }

  /** The SDK's client, signed in as this provider is. Closed with the provider. */
  get native(): S3Client {
    return this.#connection.client
  }

  listContainers(options: ListCallOptions): Promise<ContainerPage> {
    return listContainers(this.#connection, options)
  }

  createContainer(container: string, options: CallOptions): Promise<ContainerInfo> {
    return createContainer(this.#connection, container, options)
  }

  getContainer(container: string, options: CallOptions): Promise<ContainerInfo> {
    return getContainer(this.#connection, container, options)
  }

  destroyContainer(container: string, options: CallOptions & { readonly onlyIfEmpty: boolean }): Promise<void> {
    return destroyContainer(this.#connection, container, options)
  }

  listFiles(container: string, options: ListFilesCallOptions): Promise<FilePage> {
    return listFiles(this.#connection, container, options)
  }

  getFile(container: string, file: string, options: ReadCallOptions): Promise<FileInfo> {
    return getFile(this.#connection, container, file, options)
  }

  openFile(container: string, file: string, options: OpenCallOptions): Promise<OpenFile> {
    return openFile(this.#connection, container, file, options)
  }

  putFile(container: string, file: string, body: ProviderBody, options: PutCallOptions): Promise<WrittenFile> {
    return putFile(this.#connection, container, file, body, options)
  }

  removeFile(container: string, file: string, options: RemoveCallOptions): Promise<void> {
    return removeFile(this.#connection, container, file, options)
  }

  removeFiles(container: string, files: readonly string[], options: CallOptions): Promise<readonly RemoveOutcome[]> {
    return removeFiles(this.#connection, container, files, options)
  }

  copyFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile> {
    return copyFile(this.#connection, source, target, options)
  }

  startUpload(container: string, file: string, options: StartUploadCallOptions): Promise<PartUpload> {
    return startUpload(this.#connection, container, file, options)
  }

  uploadPart(upload: PartUpload, body: ProviderBody, options: UploadPartCallOptions): Promise<UploadedPart> {
    return uploadPart(this.#connection, upload, body, options)
  }

  listParts(upload: PartUpload, options: ListCallOptions): Promise<PartPage> {
    return listParts(this.#connection, upload, options)
  }

  completeUpload(upload: PartUpload, options: CompleteUploadCallOptions): Promise<WrittenFile> {
    return completeUpload(this.#connection, upload, options)
  }

  abortUpload(upload: PartUpload, options: CallOptions): Promise<void> {
    return abortUpload(this.#connection, upload, options)
  }

  listUploads(container: string, options: ListCallOptions & { readonly prefix: string }): Promise<UploadPage> {
    return listUploads(this.#connection, container, options)
  }

  signUrl(container: string, file: string, options: SignUrlCallOptions): Promise<SignedUrl> {
    return signUrl(this.#connection, container, file, options)
  }

  async close(): Promise<void> {
    this.#connection.client.destroy()
  }
}
