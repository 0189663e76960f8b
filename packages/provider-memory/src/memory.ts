/** The context of all calls: the store and the capabilities. */
import {
  type Capabilities,
  type Checksums,
  containerNotFound,
  type FileInfo,
  type FileLocation,
  type PutCallOptions,
  StorageError,
  type UrlSigner,
} from '@stowage/core/provider'
import type { MemoryStore, StoredContainer } from './store.js'

export interface Memory {
  readonly store: MemoryStore
  readonly capabilities: Capabilities
  readonly signer: UrlSigner | undefined
}

/** Returns a container. Throws `CONTAINER_NOT_FOUND` if it does not exist. */
export function containerOf({ store }: Memory, name: string): StoredContainer {
  const container = store.containers.get(name)
  if (container === undefined) throw containerNotFound(name)
  return container
}

/** Stores a file. Throws `TOO_LARGE` or `PRECONDITION_FAILED`. */
export function write(
  memory: Memory,
  location: FileLocation,
  content: Uint8Array,
  options: Pick<PutCallOptions, 'attributes' | 'checksums' | 'conditions'>,
): FileInfo {
  const { maxFileSize } = memory.capabilities
  if (content.length > maxFileSize) {
    throw new StorageError('TOO_LARGE', `the file is larger than ${maxFileSize} bytes`, {
      details: { size: maxFileSize },
    })
  }
  const { attributes, conditions } = options
  const checksums = supportedChecksums(memory, options.checksums)
  const version = { content, attributes, checksums }
  return containerOf(memory, location.container).write(memory.store, location, version, conditions)
}

function supportedChecksums({ capabilities }: Memory, checksums: Checksums): Checksums {
  const isSupported = ([algorithm]: [string, unknown]) => (capabilities.checksums as string[]).includes(algorithm)
  return Object.fromEntries(Object.entries(checksums).filter(isSupported))
}
