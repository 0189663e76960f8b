import { isAbsolute } from 'node:path'
import {
  type CallOptions,
  type Capabilities,
  checkSettings,
  defined,
  freezeCapabilities,
  providerBase,
  routerPartUrls,
  routerUrls,
  type SignedUrlSettings,
  StorageError,
  UrlSigner,
} from '@stowage/core/provider'
import { capabilities } from './capabilities.js'
import * as containers from './containers.js'
import * as copier from './copier.js'
import * as directUploads from './direct-uploads.js'
import { absoluteRoot, pathBelow } from './disk/directories.js'
import { locationOf, pathOf } from './files/locations.js'
import { Workspace, type WorkspaceOptions } from './files/workspace.js'
import * as hiddenFiles from './hidden-files.js'
import * as lister from './lister.js'
import { translate } from './mapping/errors.js'
import * as reader from './reader.js'
import * as remover from './remover.js'
import { type FilesystemSettings, settings } from './settings.js'
import * as signing from './signing.js'
import * as uploads from './uploads.js'
import * as writer from './writer.js'

export interface FilesystemProviderOptions
  extends Partial<Omit<WorkspaceOptions, 'root' | 'signer'>>,
    Pick<WorkspaceOptions, 'root'> {
  /** Signed URLs, which the router serves. Default: none. */
  readonly signedUrls?: SignedUrlSettings | undefined
}

/** Options that a data source does not have. */
const ownOptions = ['foldsCase', 'byDescriptor', 'lease']

/** Access that the contract does not have. */
export interface FilesystemNative {
  /** The root's absolute path, as configured. */
  readonly root: string
  /**
   * Returns the path of a file, whether it exists or not, for programs that read it. Write only
   * through the provider.
   */
  pathOf(container: string, file: string): string
}

const signingCapabilities = freezeCapabilities({
  ...capabilities,
  signedUrls: routerUrls,
  directUploads: routerPartUrls,
})

/** Bytes. The fastest size on Linux and macOS; larger ones are not faster. */
const defaultChunkSize = 1_048_576

const base = providerBase<Workspace>()(
  {
    ...containers,
    ...lister,
    ...reader,
    ...writer,
    ...remover,
    ...copier,
    ...uploads,
    ...hiddenFiles,
    ...signing,
    ...directUploads,
    close: async (workspace) => workspace.close(),
  },
  translate,
)

/**
 * Containers and files on a plain directory.
 *
 * @example
 * const settings = { root: '/srv/files', createRoot: true }
 * const storage = new StorageService(new FilesystemProvider(settings))
 */
export class FilesystemProvider extends base {
  readonly name = 'filesystem'
  readonly capabilities: Capabilities
  readonly native: FilesystemNative

  /** Creates the provider without any I/O. */
  constructor(options: FilesystemProviderOptions) {
    checkSettings('FilesystemProvider', options, settings, ownOptions)
    if (!isAbsolute(options.root)) {
      const message = 'option "root" of FilesystemProvider must be an absolute path'
      throw new StorageError('INVALID_ARGUMENT', message, { details: { property: 'root' } })
    }
    const { root, createRoot = false, fsync = false, chunkSize = defaultChunkSize, signedUrls, ...rest } = options
    const signer = signedUrls === undefined ? undefined : new UrlSigner(signedUrls)
    super(new Workspace({ ...rest, root, createRoot, fsync, chunkSize, signer }))
    this.capabilities = signer === undefined ? capabilities : signingCapabilities
    this.native = Object.freeze({
      root,
      pathOf: (container: string, file: string) => pathBelow(root, pathOf(locationOf(container, file))),
    })
  }

  /**
   * Deletes everything that killed processes left, and the attributes of files that other programs
   * deleted. A provider does the former automatically, in the background, with its first write.
   * This may take long: call it at startup or in a scheduled job.
   */
  clean({ signal = new AbortController().signal }: Partial<CallOptions> = {}): Promise<void> {
    return this.context.cleaner.clean(signal).catch((error: unknown) => {
      throw translate(error)
    })
  }
}

/** Creates the provider from checked settings, without any I/O. */
export function createProvider(
  { root, createRoot = false, fsync = false, chunkSize, signedUrls }: FilesystemSettings,
  { directory }: { readonly directory: string },
): FilesystemProvider {
  return new FilesystemProvider({
    root: absoluteRoot(root, directory),
    createRoot,
    fsync,
    ...defined({ chunkSize, signedUrls }),
  })
}
