/**
 * The copies that `stowage cp` makes: sources and targets.
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

/** A local file. */
interface LocalPlace {
  readonly kind: 'local'
  readonly path: string
  /**
   * The target directory that the file is below. It and the directories between are created if
   * missing.
   */
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
  /** Bytes, if a list contained them. */
  readonly size?: number
}

export interface Surroundings {
  readonly storages: Storages
  readonly signal: AbortSignal
  /** Called with each entry of a tree that is skipped, and the reason. */
  readonly onLeftOut: (path: string, reason: string) => void
}

/** Plans single files: each to the target, or below it if it is a folder. */
export async function* planFiles(sources: readonly Operand[], target: Operand): AsyncGenerator<Copy> {
  const intoFolder = await isFolderTarget(target)
  if (sources.length > 1 && !intoFolder) {
    throw new UsageFailure(`the target of several files must be a folder: end it with a slash, as in ${target.text}/`)
  }
  for (const source of sources) {
    if (source.kind === 'local' && (await stat(source.path)).isDirectory()) {
      throw new UsageFailure(`"${source.path}" is a directory: pass --recursive to copy its contents`)
    }
    const from = filePlace(source)
    if (source.kind === 'standard' && intoFolder) {
      throw new UsageFailure('standard input needs a file name: add one to the target')
    }
    yield { from, to: intoFolder ? below(target, baseName(source)) : filePlace(target) }
  }
}

function filePlace(operand: Operand): Place {
  if (operand.kind === 'standard') return { kind: 'standard' }
  if (operand.kind === 'local') return { kind: 'local', path: operand.path }
  const { source, container, file } = operand
  if (container === undefined)
    throw new UsageFailure(`"${operand.text}" has no container (expected ${source}:container/file)`)
  if (isFolder(operand)) throw new UsageFailure(`"${operand.text}" is a folder: pass --recursive to copy its contents`)
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
    if (container === undefined) throw new UsageFailure(`"${target.text}" has no container`)
    return { kind: 'storage', source, container, file: `${folderPrefix(file)}${relative}` }
  }
  if (target.kind === 'local') return { kind: 'local', path: localPath(target.path, relative), below: target.path }
  throw new UsageFailure('standard output takes files, not folders')
}

/**
 * Plans all files in a folder, to the same names below the target. A source that is a file is
 * planned as by {@link planFiles}.
 */
export async function* planTree(
  source: Operand,
  target: Operand,
  surroundings: Surroundings,
): AsyncGenerator<Copy | FailedEntry> {
  if (source.kind === 'standard') throw new UsageFailure('standard input is not a folder')
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
    throw new CommandFailure(exitCodes.notFound, `no file in "${source.text}"`)
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
  if (container === undefined) throw new UsageFailure(`"${text}" has no container`)
  const storage = await storages.open(source)
  const prefix = folderPrefix(folder)
  for await (const entry of storage.files(container, { prefix, signal })) {
    const { name, size } = entry as FileEntry
    yield { from: { kind: 'storage', source, container, file: name }, relative: name.slice(prefix.length), size }
  }
}
