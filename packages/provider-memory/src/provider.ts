import {
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
import { defaultCapabilities } from './capabilities.js'
import * as containers from './containers.js'
import * as copier from './copier.js'
import * as directUploads from './direct-uploads.js'
import * as hiddenFiles from './hidden-files.js'
import * as lister from './lister.js'
import type { Memory } from './memory.js'
import * as reader from './reader.js'
import * as remover from './remover.js'
import { type MemorySettings, settings } from './settings.js'
import * as signing from './signing.js'
import { createMemoryStore, type MemoryStore } from './store.js'
import * as uploads from './uploads.js'
import * as writer from './writer.js'

export interface MemoryProviderOptions {
  /** A store that may be shared with other providers. Default: a new store. */
  readonly store?: MemoryStore
  /**
   * Capabilities that replace the provider's own, each as a whole, to test an application with
   * those of another service.
   */
  readonly capabilities?: Partial<Capabilities>
  /** Signed URLs, which the router serves. Default: none. */
  readonly signedUrls?: SignedUrlSettings
}

const base = providerBase<Memory>()({
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
  close: async () => undefined,
})

/**
 * Containers and files in the memory of one process.
 *
 * @example
 * const storage = new StorageService(new MemoryProvider())
 */
export class MemoryProvider extends base {
  readonly name = 'memory'

  constructor(options: MemoryProviderOptions = {}) {
    // A data source can set only some capabilities, the constructor all of them.
    checkSettings('MemoryProvider', options, settings, ['store', 'capabilities'])
    const { store = createMemoryStore(), capabilities = {}, signedUrls } = options
    checkCapabilities(capabilities)
    const signer = signedUrls === undefined ? undefined : new UrlSigner(signedUrls)
    const signing = signer === undefined ? {} : { signedUrls: routerUrls, directUploads: routerPartUrls }
    super({ store, capabilities: freezeCapabilities({ ...defaultCapabilities, ...signing, ...capabilities }), signer })
  }

  get capabilities(): Capabilities {
    return this.context.capabilities
  }

  /** The store, for a second provider on the same files. */
  get native(): MemoryStore {
    return this.context.store
  }
}

function checkCapabilities(capabilities: unknown): void {
  if (typeof capabilities === 'object' && capabilities !== null && !Array.isArray(capabilities)) return
  const message = 'option "capabilities" of MemoryProvider must be an object of capabilities, each as a whole'
  throw new StorageError('INVALID_ARGUMENT', message, { details: { property: 'capabilities' } })
}

/** Creates the provider from checked settings, with a new store. */
export function createProvider({ capabilities = {}, signedUrls }: MemorySettings): MemoryProvider {
  return new MemoryProvider({ capabilities: withoutUndefined(capabilities), ...defined({ signedUrls }) })
}

/**
 * Returns the capabilities without properties that are `undefined`, which would hide the provider's
 * own.
 */
function withoutUndefined(capabilities: NonNullable<MemorySettings['capabilities']>): Partial<Capabilities> {
  return Object.fromEntries(Object.entries(capabilities).filter(([, value]) => value !== undefined))
}
