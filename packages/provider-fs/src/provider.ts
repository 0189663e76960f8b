/**
 * The contract's calls, each handed to its room, with its errors in the contract's terms.
 */
import type {
  CallOptions,
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
  PartUploadReference,
  ProviderBody,
  PutCallOptions,
  ReadCallOptions,
  RemoveCallOptions,
  RemoveOutcome,
  StartUploadCallOptions,
  StorageProvider,
  UploadedPart,
  UploadPage,
  UploadPartCallOptions,
  WrittenFile,
} from '@stowage/core/provider'
import { checkOptions, type NamesOf } from '@stowage/core/provider'
import { capabilities } from './capabilities.js'
import { createContainer, destroyContainer, getContainer, listContainers } from './containers.js'
import { copyFile, moveFile } from './copier.js'
import { translate } from './errors.js'
import { listFiles } from './lister.js'
import { completeUpload, uploadPart } from './parts.js'
import { pathOf, placeOf } from './places.js'
import { getFile, openFile } from './reader.js'
import { removeFile, removeFiles } from './remover.js'
import { Snapshots } from './snapshots.js'
import { abortUpload, listParts, listUploads, startUpload } from './uploads.js'
import { Workspace, type WorkspaceOptions } from './workspace.js'
import { putFile } from './writer.js'

export interface FilesystemProviderOptions
  extends Partial<Omit<WorkspaceOptions, 'root'>>,
    Pick<WorkspaceOptions, 'root'> {}

const optionNames = {
  root: true,
  createRoot: true,
  fsync: true,
  chunkSize: true,
  foldsCase: true,
  byDescriptor: true,
  lease: true,
} as const satisfies NamesOf<FilesystemProviderOptions>

/** What the contract does not have. */
export interface FilesystemNative {
  /** The root's absolute path, as it was configured. */
  readonly root: string
  /** Where a file is or would be, for programs that read it there. To be written through the provider alone. */
  pathOf(container: string, file: string): string
}

/** Bytes: the fastest on Linux and macOS; larger ones gain nothing. */
const defaultChunkSize = 1_048_576

export class FilesystemProvider implements StorageProvider {
  readonly name = 'filesystem'
  readonly capabilities = capabilities
  readonly native: FilesystemNative
  readonly #workspace: Workspace
  readonly #snapshots: Snapshots

  constructor(options: FilesystemProviderOptions) {
    checkOptions('FilesystemProvider', options, optionNames)
    const { root, createRoot = false, fsync = false, chunkSize = defaultChunkSize } = options
    this.#workspace = new Workspace({ ...options, createRoot, fsync, chunkSize })
    this.#snapshots = new Snapshots(this.#workspace.directories)
    this.native = Object.freeze({
      root,
      pathOf: (container: string, file: string) => `${root === '/' ? '' : root}/${pathOf(placeOf(container, file))}`,
    })
  }

  listContainers(options: ListCallOptions): Promise<ContainerPage> {
    return translated(listContainers(this.#workspace, options))
  }

  createContainer(container: string, options: CallOptions): Promise<ContainerInfo> {
    return translated(createContainer(this.#workspace, container, options))
  }

  getContainer(container: string): Promise<ContainerInfo> {
    return translated(getContainer(this.#workspace, container))
  }

  destroyContainer(container: string, options: CallOptions & { readonly onlyIfEmpty: boolean }): Promise<void> {
    return translated(destroyContainer(this.#workspace, container, options))
  }

  listFiles(container: string, options: ListFilesCallOptions): Promise<FilePage> {
    return translated(listFiles(this.#workspace, this.#snapshots, container, options))
  }

  getFile(container: string, file: string, options: ReadCallOptions): Promise<FileInfo> {
    return translated(getFile(this.#workspace, placeOf(container, file), options))
  }

  openFile(container: string, file: string, options: OpenCallOptions): Promise<OpenFile> {
    return translated(openFile(this.#workspace, placeOf(container, file), options))
  }

  putFile(container: string, file: string, body: ProviderBody, options: PutCallOptions): Promise<WrittenFile> {
    return translated(putFile(this.#workspace, placeOf(container, file), body, options))
  }

  removeFile(container: string, file: string, options: RemoveCallOptions): Promise<void> {
    return translated(removeFile(this.#workspace, placeOf(container, file), options))
  }

  removeFiles(container: string, files: readonly string[], { signal }: CallOptions): Promise<readonly RemoveOutcome[]> {
    return translated(removeFiles(this.#workspace, container, files, signal))
  }

  copyFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile> {
    return translated(copyFile(this.#workspace, placeAt(source), placeAt(target), options))
  }

  moveFile(source: FileLocation, target: FileLocation, options: CopyCallOptions): Promise<WrittenFile> {
    return translated(moveFile(this.#workspace, placeAt(source), placeAt(target), options))
  }

  startUpload(container: string, file: string, options: StartUploadCallOptions): Promise<PartUpload> {
    return translated(startUpload(this.#workspace, container, file, options))
  }

  uploadPart(upload: PartUpload, body: ProviderBody, options: UploadPartCallOptions): Promise<UploadedPart> {
    return translated(uploadPart(this.#workspace, upload, body, options))
  }

  listParts(upload: PartUploadReference, options: ListCallOptions): Promise<PartPage> {
    return translated(listParts(this.#workspace, upload, options))
  }

  completeUpload(upload: PartUpload, options: CompleteUploadCallOptions): Promise<WrittenFile> {
    return translated(completeUpload(this.#workspace, upload, options))
  }

  abortUpload(upload: PartUploadReference, options: CallOptions): Promise<void> {
    return translated(abortUpload(this.#workspace, upload, options))
  }

  listUploads(container: string, options: ListCallOptions & { readonly prefix: string }): Promise<UploadPage> {
    return translated(listUploads(this.#workspace, container, options))
  }

  /**
   * Clears all that killed processes have left, and what is kept for files that other programs have removed. A provider does the first
   * by itself, on the side, when it writes for the first time; this may take long, and is for a start, or for the night.
   */
  clean({ signal = new AbortController().signal }: Partial<CallOptions> = {}): Promise<void> {
    return translated(this.#workspace.cleaner.clean(signal))
  }

  async close(): Promise<void> {
    this.#workspace.cleaner.stop()
    this.#workspace.directories.close()
    this.#snapshots.close()
  }
}

const placeAt = ({ container, file }: FileLocation) => placeOf(container, file)

async function translated<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw translate(error)
  }
}
