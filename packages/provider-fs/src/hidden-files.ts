/**
 * Hidden files: `.stowage/hidden/<container>/<group>/<name>`, each made aside and renamed.
 */
import type { BigIntStats } from 'node:fs'
import {
  type CallOptions,
  compareNames,
  decodePosition,
  encodePosition,
  fileNotFound,
  type HiddenFile,
  type HiddenFilePage,
  isName,
  type ListHiddenFilesCallOptions,
} from '@stowage/core/provider'
import { hiddenPath } from './disk/bookkeeping.js'
import { syncDirectory } from './disk/directories.js'
import { fsync, lstatIfExists, readdirIfExists, readFile, rename, unlink, writeFully } from './disk/system.js'
import { TemporaryFile } from './disk/temporary.js'
import type { Workspace } from './files/workspace.js'
import { errno, isAbsence, rootMissing, throwIfAborted } from './mapping/errors.js'

/** How often a call starts over because another process changes the group at the same moment. */
const maxTries = 100

export async function putHiddenFile(
  workspace: Workspace,
  container: string,
  name: string,
  bytes: Uint8Array,
  { signal }: CallOptions,
): Promise<void> {
  await requireContainer(workspace, container)
  workspace.cleaner.startOnce()
  const [group, entry] = parse(name)
  await using temporary = await TemporaryFile.create(workspace.directories)
  await writeFully(temporary.fd, bytes, 0)
  if (workspace.options.fsync) await fsync(temporary.fd)
  await temporary.close()
  throwIfAborted(signal)
  for (let tries = 1; !temporary.moved; tries++) {
    using directory = await workspace.directories.make([...hiddenPath, container, group], 0)
    if (directory === undefined) throw rootMissing()
    try {
      await rename(temporary.path, directory.at(entry))
      temporary.moved = true
    } catch (error) {
      if (errno(error) !== 'ENOENT' || tries === maxTries) throw error
      continue
    }
    if (workspace.options.fsync) await syncDirectory(directory)
  }
}

export async function readHiddenFile(workspace: Workspace, container: string, name: string): Promise<Uint8Array> {
  const [group, entry] = parse(name)
  using directory = await workspace.directories.acquire([...hiddenPath, container, group])
  try {
    if (directory !== undefined) return await readFile(directory.at(entry))
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
  await requireContainer(workspace, container)
  throw fileNotFound(container, name)
}

export async function listHiddenFiles(
  workspace: Workspace,
  container: string,
  { prefix, limit, next, signal }: ListHiddenFilesCallOptions,
): Promise<HiddenFilePage> {
  await requireContainer(workspace, container)
  const after = decodePosition(next, isName)
  using hidden = await workspace.directories.acquire([...hiddenPath, container])
  if (hidden === undefined) return { entries: [] }
  const groups = prefix === '' ? (await readdirIfExists(hidden.path)).sort(compareGroups) : [prefix.slice(0, -1)]
  const entries: HiddenFile[] = []
  for (const group of groups) {
    if (after !== undefined && compareGroups(group, parse(after)[0]) < 0) continue
    throwIfAborted(signal)
    for (const file of await filesOfGroup(workspace, container, group)) {
      if (after !== undefined && compareNames(file.name, after) <= 0) continue
      const last = entries.at(-1)
      if (entries.length === limit && last !== undefined) return { entries, next: encodePosition(last.name) }
      entries.push(file)
    }
  }
  return { entries }
}

/**
 * Returns the files of a group that existed at one instant. If a file is deleted while they are
 * examined, another one may have taken its place, so they are listed again.
 */
async function filesOfGroup(workspace: Workspace, container: string, group: string): Promise<HiddenFile[]> {
  for (let tries = 1; ; tries++) {
    using directory = await workspace.directories.acquire([...hiddenPath, container, group])
    if (directory === undefined) return []
    const files: HiddenFile[] = []
    const entries = await readdirIfExists(directory.path)
    for (const entry of entries.sort(compareNames)) {
      const stats = await lstatIfExists(directory.at(entry))
      if (stats !== undefined) files.push(hiddenFile(`${group}/${entry}`, stats))
    }
    if (files.length === entries.length || tries === maxTries) return files
  }
}

/** Groups in the order in which their files' names are. */
const compareGroups = (a: string, b: string) => compareNames(`${a}/`, `${b}/`)

const hiddenFile = (name: string, { size, mtime }: BigIntStats): HiddenFile => ({ name, size: Number(size), mtime })

export async function removeHiddenFiles(
  workspace: Workspace,
  container: string,
  names: readonly string[],
): Promise<void> {
  await requireContainer(workspace, container)
  const groups = new Set<string>()
  for (const name of names) {
    const [group, entry] = parse(name)
    using directory = await workspace.directories.acquire([...hiddenPath, container, group])
    if (directory === undefined) continue
    groups.add(group)
    await unlink(directory.at(entry)).catch((error: unknown) => {
      if (!isAbsence(error)) throw error
    })
  }
  for (const group of groups) await workspace.directories.removeEmpty([...hiddenPath, container, group])
}

async function requireContainer(workspace: Workspace, container: string): Promise<void> {
  const held = await workspace.acquireContainer(container)
  held[Symbol.dispose]()
}

function parse(name: string): readonly [group: string, entry: string] {
  const [group = '', entry = ''] = name.split('/')
  return [group, entry]
}
