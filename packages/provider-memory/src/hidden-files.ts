import {
  type CallOptions,
  compareNames,
  decodePosition,
  fileNotFound,
  type HiddenFilePage,
  isName,
  type ListHiddenFilesCallOptions,
  pageAfter,
} from '@stowage/core/provider'
import { containerOf, type Memory } from './memory.js'

export async function putHiddenFile(
  memory: Memory,
  container: string,
  name: string,
  bytes: Uint8Array,
  _options: CallOptions,
): Promise<void> {
  containerOf(memory, container).hidden.set(name, { content: Uint8Array.from(bytes), mtime: new Date() })
}

export async function readHiddenFile(memory: Memory, container: string, name: string): Promise<Uint8Array> {
  const stored = containerOf(memory, container).hidden.get(name)
  if (stored === undefined) throw fileNotFound(container, name)
  return Uint8Array.from(stored.content)
}

export async function listHiddenFiles(
  memory: Memory,
  container: string,
  { prefix, limit, next }: ListHiddenFilesCallOptions,
): Promise<HiddenFilePage> {
  const files = [...containerOf(memory, container).hidden]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, { content, mtime }]) => ({ name, size: content.length, mtime: new Date(mtime) }))
    .toSorted((a, b) => compareNames(a.name, b.name))
  return pageAfter(files, ({ name }) => name, { limit, after: decodePosition(next, isName) })
}

export async function removeHiddenFiles(memory: Memory, container: string, names: readonly string[]): Promise<void> {
  const { hidden } = containerOf(memory, container)
  for (const name of names) hidden.delete(name)
}
