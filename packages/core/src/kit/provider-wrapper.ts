/**
 * A provider around another one: a base class for providers that add a prefix, a limit or faults.
 */
import {
  withDirectUploads,
  withOrigins,
  withResumableUploads,
  withSignedUrls,
  withUploads,
} from '../checks/provider.js'
import type { Capabilities } from '../contract/capabilities.js'
import type { ContainerInfo, FileInfo, FileLocation, WrittenFile } from '../contract/files.js'
import type {
  CallOptions,
  CompleteUploadCallOptions,
  ContainerPage,
  CopyCallOptions,
  FilePage,
  HiddenFilePage,
  ListCallOptions,
  ListFilesCallOptions,
  ListHiddenFilesCallOptions,
  OpenCallOptions,
  OpenFile,
  PartPage,
  PartUpload,
  PartUploadReference,
  ProviderBody,
  PutCallOptions,
  ReadCallOptions,
  RemoveCallOptions,
  RemoveOutcome,
  SignedUrl,
  SignPartCallOptions,
  SignUrlCallOptions,
  StartUploadCallOptions,
  StorageProvider,
  UploadedPart,
  UploadPage,
  UploadPartCallOptions,
} from '../contract/provider.js'

/** Forwards every call unchanged. Override the methods that differ. */
export class ProviderWrapper implements StorageProvider {
  readonly inner: StorageProvider
  /** Present only if the inner provider has it, so that core otherwise copies and deletes. */
  readonly moveFile?: NonNullable<StorageProvider['moveFile']>
  /** Present only if the signed URLs of the inner provider lead to the router. */
  readonly verifyUrl?: NonNullable<StorageProvider['verifyUrl']>

  constructor(inner: StorageProvider) {
    this.inner = inner
    const move = inner.moveFile
    const verify = inner.verifyUrl
    if (move !== undefined) this.moveFile = (source, target, options) => move.call(inner, source, target, options)
    if (verify !== undefined) this.verifyUrl = (container, file, url) => verify.call(inner, container, file, url)
  }

  get name(): string {
    return this.inner.name
  }

  get capabilities(): Capabilities {
    return this.inner.capabilities
  }

  get native(): unknown {
    return this.inner.native
  }

  listContainers(options: ListCallOptions): Promise<ContainerPage> {
    return this.inner.listContainers(options)
  }

  createContainer(container: string, options: CallOptions): Promise<ContainerInfo> {
    return this.inner.createContainer(container, options)
  }

  getContainer(container: string, options: CallOptions): Promise<ContainerInfo> {
    return this.inner.getContainer(container, options)
  }

  destroyContainer(container: string, options: CallOptions & { readonly onlyIfEmpty: boolean }): Promise<void> {
    return this.inner.destroyContainer(container, options)
  }

  listFiles(container: string, options: ListFilesCallOptions): Promise<FilePage> {
    return this.inner.listFiles(container, options)
  }

  getFile(container: string, file: string, options: ReadCallOptions): Promise<FileInfo> {
    return this.inner.getFile(container, file, options)
  }

  openFile(container: string, file: string, options: OpenCallOptions): Promise<OpenFile> {
    return this.inner.openFile(container, file, options)
  }

  putFile(container: string, file: string, body: ProviderBody, options: PutCallOptions): Promise<WrittenFile> {
    return this.inner.putFile(container, file, body, options)
  }

  removeFile(container: string, file: string, options: RemoveCallOptions): Promise<void> {
    return this.inner.removeFile(container, file, options)
  }

  removeFiles(container: string, files: readonly string[], options: CallOptions): Promise<readonly RemoveOutcome[]> {
    return this.inner.removeFiles(container, files, options)
  }

  copyFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile> {
    return this.inner.copyFile(source, target, options)
  }

  startUpload(container: string, file: string, options: StartUploadCallOptions): Promise<PartUpload> {
    return withUploads(this.inner).startUpload(container, file, options)
  }

  uploadPart(upload: PartUpload, body: ProviderBody, options: UploadPartCallOptions): Promise<UploadedPart> {
    return withUploads(this.inner).uploadPart(upload, body, options)
  }

  listParts(upload: PartUploadReference, options: ListCallOptions): Promise<PartPage> {
    return withUploads(this.inner).listParts(upload, options)
  }

  completeUpload(upload: PartUpload, options: CompleteUploadCallOptions): Promise<WrittenFile> {
    return withUploads(this.inner).completeUpload(upload, options)
  }

  abortUpload(upload: PartUploadReference, options: CallOptions): Promise<void> {
    return withUploads(this.inner).abortUpload(upload, options)
  }

  listUploads(container: string, options: ListCallOptions & { readonly prefix: string }): Promise<UploadPage> {
    return withUploads(this.inner).listUploads(container, options)
  }

  putHiddenFile(container: string, name: string, bytes: Uint8Array, options: CallOptions): Promise<void> {
    return withResumableUploads(this.inner).putHiddenFile(container, name, bytes, options)
  }

  readHiddenFile(container: string, name: string, options: CallOptions): Promise<Uint8Array> {
    return withResumableUploads(this.inner).readHiddenFile(container, name, options)
  }

  listHiddenFiles(container: string, options: ListHiddenFilesCallOptions): Promise<HiddenFilePage> {
    return withResumableUploads(this.inner).listHiddenFiles(container, options)
  }

  removeHiddenFiles(container: string, names: readonly string[], options: CallOptions): Promise<void> {
    return withResumableUploads(this.inner).removeHiddenFiles(container, names, options)
  }

  signUrl(container: string, file: string, options: SignUrlCallOptions): Promise<SignedUrl> {
    return withSignedUrls(this.inner).signUrl(container, file, options)
  }

  signPart(upload: PartUpload, options: SignPartCallOptions): Promise<SignedUrl> {
    return withDirectUploads(this.inner).signPart(upload, options)
  }

  allowOrigins(container: string, origins: readonly string[], options: CallOptions): Promise<void> {
    return withOrigins(this.inner).allowOrigins(container, origins, options)
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}
