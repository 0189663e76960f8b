/**
 * What `stowage cp` copies where.
 */

import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { FileEntry } from '@stowage/core'
import { defined } from '@stowage/core/provider'
import { type Address, folderPrefix, isFolder, type LocalPath, type Operand } from '../commands/addresses.js'
import type { Storages } from '../commands/storages.js'
import { exitCodes } from '../failures/exit-codes.js'
import { CommandFailure, isSystemError, UsageFailure } from '../failures/failures.js'
import { type FailedEntry, localFiles, localPath } from './local-tree.js'

/** A file of this machine. */
interface LocalPlace {
  readonly kind: 'local'
  readonly path: string
  /** The target directory that the file is below. It and the directories between are created if missing. */
  readonly below?: string
}

/** One end of a copy. */
export type Place =
  | { readonly kind: 'storage'; readonly source: string; readonly container: string; readonly file: string }
  | LocalPlace
  | { readonly kind: 'standard' }

export interface Copy {
  readonly from: Place
  readonly to: Place
  /** Bytes, where the list that it was found in tells them. */
  readonly size?: number
}

export interface Surroundings {
  readonly storages: Storages
  readonly signal: AbortSignal
  /** Told of what is left out of a tree, and why. */
  readonly onLeftOut: (path: string, reason: string) => void
}

/** Files one by one, each to a name of its own, or below the target when that is a folder. */
export async function* planFiles(sources: readonly Operand[], target: Operand): AsyncGenerator<Copy> {
  const intoFolder = await isFolderTarget(target)
  if (sources.length > 1 && !intoFolder) {
    throw new UsageFailure(`several files go into a folder: end the target with a slash, as in ${target.text}/`)
  }
  for (const source of sources) {
    if (source.kind === 'local' && (await stat(source.path)).isDirectory()) {
      throw new UsageFailure(`${source.path} is a directory; --recursive copies what is in it`)
    }
    const from = filePlace(source)
    if (source.kind === 'standard' && intoFolder) {
      throw new UsageFailure('what comes from the standard input needs a name: end the target with one')
    }
    yield { from, to: intoFolder ? below(target, baseName(source)) : filePlace(target) }
  }
}

function filePlace(operand: Operand): Place {
  if (operand.kind === 'standard') return { kind: 'standard' }
  if (operand.kind === 'local') return { kind: 'local', path: operand.path }
  const { source, container, file } = operand
  if (container === undefined)
    throw new UsageFailure(`${operand.text} names no container: write ${source}:container/file`)
  if (isFolder(operand)) throw new UsageFailure(`${operand.text} is a folder; --recursive copies what is in it`)
  return { kind: 'storage', source, container, file }
}

async function isFolderTarget(target: Operand): Promise<boolean> {
  if (target.kind === 'standard') return false
  if (target.kind === 'storage') return isFolder(target)
  return /[/\\]$/.test(target.path) || (await isDirectory(target.path))
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return false
    throw error
  }
}

const baseName = (source: Operand) =>
  source.kind === 'storage' ? source.file.slice(source.file.lastIndexOf('/') + 1) : basename(source.text)

function below(target: Operand, relative: string): Place {
  if (target.kind === 'storage') {
    const { source, container, file } = target
    if (container === undefined) throw new UsageFailure(`${target.text} names no container`)
    return { kind: 'storage', source, container, file: `${folderPrefix(file)}${relative}` }
  }
  if (target.kind === 'local') return { kind: 'local', path: localPath(target.path, relative), below: target.path }
  throw new UsageFailure('the standard output takes files, not folders')
}

/** All files in a folder, to the same names below the target. A source that is a file is planned as in {@link planFiles}. */
export async function* planTree(
  source: Operand,
  target: Operand,
  surroundings: Surroundings,
): AsyncGenerator<Copy | FailedEntry> {
  if (source.kind === 'standard') throw new UsageFailure('the standard input is not a folder')
  if (source.kind === 'local' && !(await stat(source.path)).isDirectory()) {
    yield* planFiles([source], target)
    return
  }
  below(target, 'any')
  const files = source.kind === 'local' ? localSources(source, surroundings) : storedSources(source, surroundings)
  let count = 0
  for await (const file of files) {
    count++
    yield 'error' in file ? file : copyBelow(file, target)
  }
  if (count > 0 || source.kind === 'local') return
  if (!(await isStoredFile(source, surroundings))) {
    throw new CommandFailure(exitCodes.notFound, `there is no file in ${source.text}`)
  }
  yield* planFiles([source], target)
}

async function isStoredFile(
  { source, container, file }: Address,
  { storages, signal }: Surroundings,
): Promise<boolean> {
  if (container === undefined || file === '' || file.endsWith('/')) return false
  const storage = await storages.open(source)
  return storage.hasFile(container, file, { signal })
}

function copyBelow({ from, relative, size }: TreeFile, target: Operand): Copy | FailedEntry {
  try {
    return defined({ from, to: below(target, relative), size })
  } catch (error) {
    return { name: relative, error }
  }
}

interface TreeFile {
  readonly from: Place
  readonly relative: string
  readonly size?: number
}

async function* localSources({ path }: LocalPath, { onLeftOut }: Surroundings): AsyncGenerator<TreeFile | FailedEntry> {
  for await (const file of localFiles(path, onLeftOut)) {
    yield 'error' in file ? file : { from: { kind: 'local', path: file.path }, relative: file.relative }
  }
}

async function* storedSources(address: Address, { storages, signal }: Surroundings): AsyncGenerator<TreeFile> {
  const { source, container, file: folder, text } = address
  if (container === undefined) throw new UsageFailure(`${text} names no container`)
  const storage = await storages.open(source)
  const prefix = folderPrefix(folder)
  for await (const entry of storage.files(container, { prefix, signal })) {
    const { name, size } = entry as FileEntry
    yield { from: { kind: 'storage', source, container, file: name }, relative: name.slice(prefix.length), size }
  }
}
