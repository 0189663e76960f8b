/**
 * What all calls of a provider share: its store and its capabilities.
 */
import {
  type Capabilities,
  type Checksums,
  containerNotFound,
  type FileInfo,
  type FileLocation,
  type PutCallOptions,
  StorageError,
} from '@stowage/core/provider'
import type { MemoryStore, StoredContainer } from './store.js'

export interface Memory {
  readonly store: MemoryStore
  readonly capabilities: Capabilities
}

/** `CONTAINER_NOT_FOUND`. */
export function containerOf({ store }: Memory, name: string): StoredContainer {
  const container = store.containers.get(name)
  if (container === undefined) throw containerNotFound(name)
  return container
}

/** Makes a file appear. `TOO_LARGE`, `PRECONDITION_FAILED`. */
export function write(
  memory: Memory,
  place: FileLocation,
  content: Uint8Array,
  options: Pick<PutCallOptions, 'attributes' | 'checksums' | 'conditions'>,
): FileInfo {
  const { maxFileSize } = memory.capabilities
  if (content.length > maxFileSize) {
    throw new StorageError('TOO_LARGE', `a file has at most ${maxFileSize} bytes`, { details: { size: maxFileSize } })
  }
  const { attributes, conditions } = options
  const checksums = keptChecksums(memory, options.checksums)
  return containerOf(memory, place.container).write(memory.store, place, { content, attributes, checksums }, conditions)
}

function keptChecksums({ capabilities }: Memory, checksums: Checksums): Checksums {
  const isKept = ([algorithm]: [string, unknown]) => (capabilities.checksums as string[]).includes(algorithm)
  return Object.fromEntries(Object.entries(checksums).filter(isKept))
}
