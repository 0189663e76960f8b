/** Containers are the directories in the root. */
import type { BigIntStats } from 'node:fs'
import { checkContainerName } from '@stowage/core'
import {
  type CallOptions,
  type ContainerInfo,
  type ContainerPage,
  compareNames,
  containerExists,
  containerNotFound,
  decodePosition,
  encodePosition,
  type ListCallOptions,
  StorageError,
} from '@stowage/core/provider'
import { capabilities } from './capabilities.js'
import { hiddenPath } from './disk/bookkeeping.js'
import { syncDirectory } from './disk/directories.js'
import { readEntries } from './disk/entries.js'
import type { Lease } from './disk/lease.js'
import { lstatIfExists, mkdir } from './disk/system.js'
import { discardTree, type Tree } from './disk/tree-removal.js'
import { attributesPath } from './files/attributes.js'
import { containerLock } from './files/locations.js'
import type { Workspace } from './files/workspace.js'
import { errno, throwIfAborted } from './mapping/errors.js'
import { uploadsPath } from './uploads/layout.js'

const infoOf = (name: string, { size, atime, mtime, ctime }: BigIntStats): ContainerInfo => ({
  name,
  size: Number(size),
  atime,
  mtime,
  ctime,
})

export async function listContainers(workspace: Workspace, options: ListCallOptions): Promise<ContainerPage> {
  using root = await workspace.directories.root()
  const after = decodePosition(options.next, isContainerName) ?? ''
  const names: string[] = []
  for await (const batch of readEntries(root, workspace.directories.direct)) {
    for (const entry of batch) {
      if (entry.isDirectory() && isContainerName(entry.name) && compareNames(entry.name, after) > 0) {
        names.push(entry.name)
      }
    }
  }
  names.sort(compareNames)
  const entries: ContainerInfo[] = []
  for (const name of names) {
    throwIfAborted(options.signal)
    const stats = await lstatIfExists(root.at(name))
    if (stats === undefined || !stats.isDirectory()) continue
    const last = entries.at(-1)
    if (entries.length === options.limit && last !== undefined) return { entries, next: encodePosition(last.name) }
    entries.push(infoOf(name, stats))
  }
  return { entries }
}

function isContainerName(name: unknown): name is string {
  try {
    checkContainerName(name, capabilities.containerNames)
    return true
  } catch {
    return false
  }
}

export async function getContainer(workspace: Workspace, container: string): Promise<ContainerInfo> {
  // Finds the container only under its own spelling.
  const held = await workspace.acquireContainer(container)
  held[Symbol.dispose]()
  using root = await workspace.directories.root()
  const stats = await lstatIfExists(root.at(container))
  if (stats === undefined || !stats.isDirectory()) throw containerNotFound(container)
  return infoOf(container, stats)
}

export async function createContainer(
  workspace: Workspace,
  container: string,
  { signal }: CallOptions,
): Promise<ContainerInfo> {
  using root = await workspace.directories.root()
  workspace.cleaner.startOnce()
  // The data of a previous container with this name is deleted under the same lock.
  await workspace.locks.withLocks([containerLock(container)], signal, async () => {
    try {
      await mkdir(root.at(container))
    } catch (error) {
      if (errno(error) === 'EEXIST') throw containerExists(container)
      throw error
    }
    if (workspace.options.fsync) await syncDirectory(root)
  })
  return getContainer(workspace, container)
}

export async function destroyContainer(
  workspace: Workspace,
  container: string,
  { signal, onlyIfEmpty }: CallOptions & { readonly onlyIfEmpty: boolean },
): Promise<void> {
  const held = await workspace.acquireContainer(container)
  held[Symbol.dispose]()
  workspace.cleaner.startOnce()
  const trees: Tree[] = []
  const destroy = async (lease: Lease) => {
    if (onlyIfEmpty) {
      if (!(await workspace.directories.removeEmptyTree([container], signal))) {
        throw new StorageError('CONTAINER_NOT_EMPTY', 'the container is not empty')
      }
    } else if (!(await moveAway(lease, [container]))) throw containerNotFound(container)
    await moveAway(lease, [...attributesPath, container])
    await moveAway(lease, [...uploadsPath, container])
    await moveAway(lease, [...hiddenPath, container])
  }
  await workspace.locks.withLocks([containerLock(container)], signal, destroy, { evenIfFull: true })
  // The container is destroyed. Its space is freed now, or later if the caller aborts.
  await workspace.cleaner.removeTrees(trees, signal)

  async function moveAway(lease: Lease, segments: readonly string[]): Promise<boolean> {
    const tree = await discardTree(workspace.directories, segments, lease)
    if (tree === undefined) return false
    trees.push(tree)
    if (workspace.options.fsync) {
      using parent = await workspace.directories.acquire(segments.slice(0, -1))
      if (parent !== undefined) await syncDirectory(parent)
    }
    return true
  }
}
