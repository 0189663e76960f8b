/**
 * The files below a local directory.
 */
import { isUtf8 } from 'node:buffer'
import type { Dirent } from 'node:fs'
import { lstat, mkdir, opendir } from 'node:fs/promises'
import { join, relative as relativePath, sep } from 'node:path'
import { exitCodes } from '../failures/exit-codes.js'
import { FileFailure, isSystemError } from '../failures/failures.js'
import { concernsOneFile } from '../failures/file-failures.js'

export interface LocalFile {
  readonly path: string
  /** With slashes, below the directory. */
  readonly relative: string
}

/** A file or directory of the tree that cannot be copied, and why. */
export interface FailedEntry {
  readonly name: string
  readonly error: unknown
}

/**
 * Yields all files below a directory while it is read. Symbolic links are not followed, since they
 * may lead anywhere and in circles. Links, sockets and pipes are reported to `onLeftOut`. Empty
 * directories are ignored.
 *
 * An unreadable directory and a name that is not UTF-8 are yielded as failures, and the rest of the
 * tree follows. Decoding such a name would replace its bytes, and two names may become the same.
 */
export async function* localFiles(
  directory: string,
  onLeftOut: (path: string, reason: string) => void,
): AsyncGenerator<LocalFile | FailedEntry> {
  yield* filesOf(await openDirectory(directory), directory, '', onLeftOut)
}

async function* filesOf(
  entries: AsyncIterable<Dirent>,
  directory: string,
  below: string,
  onLeftOut: (path: string, reason: string) => void,
): AsyncGenerator<LocalFile | FailedEntry> {
  for await (const entry of entries) {
    const bytes = Buffer.from(entry.name, byteEncoding)
    if (!isUtf8(bytes)) {
      yield { name: join(directory, escaped(entry.name)), error: notUtf8(entry) }
      continue
    }
    const name = bytes.toString()
    const path = join(directory, name)
    const relative = `${below}${name}`
    if (entry.isFile()) yield { path, relative }
    else if (entry.isDirectory()) yield* filesBelow(path, `${relative}/`, onLeftOut)
    else onLeftOut(path, kindOf(entry))
  }
}

async function* filesBelow(
  directory: string,
  below: string,
  onLeftOut: (path: string, reason: string) => void,
): AsyncGenerator<LocalFile | FailedEntry> {
  try {
    yield* filesOf(await openDirectory(directory), directory, below, onLeftOut)
  } catch (error) {
    if (!concernsOneFile(error)) throw error
    yield { name: directory, error }
  }
}

/** One character for each byte of a name: file systems hold bytes, which need not be UTF-8. */
const byteEncoding = 'latin1'

const openDirectory = (path: string) => opendir(path, { encoding: byteEncoding })

const notUtf8 = (entry: Dirent) =>
  new FileFailure(exitCodes.usage, `the name of this ${entry.isDirectory() ? 'directory' : 'file'} is not UTF-8`)

/** Bytes that are not ASCII as `\xff`, the way `printf` reads them. */
const escaped = (name: string) =>
  name.replace(/[\x80-\xff\\]/g, (character) =>
    character === '\\' ? '\\\\' : `\\x${character.charCodeAt(0).toString(16)}`,
  )

const kindOf = (entry: Dirent) => (entry.isSymbolicLink() ? 'a symbolic link' : 'not a regular file')

/** Returns the path of a name below a directory. Throws if no local file can have that name. */
export function localPath(directory: string, name: string): string {
  const segments = name.split('/')
  const wrong = segments.find(
    (segment) =>
      segment === '' ||
      segment === '.' ||
      segment === '..' ||
      segment.includes('\0') ||
      (sep === '\\' && /[\\:]/.test(segment)),
  )
  if (wrong === undefined) return join(directory, ...segments)
  throw new FileFailure(
    exitCodes.usage,
    `${JSON.stringify(name)} cannot be a path on this machine, because of its segment ${JSON.stringify(wrong)}`,
  )
}

/**
 * Creates a target directory, if missing, and the directories between it and a file below it. The
 * path of the target may contain symbolic links, since the user chose it. Below it, where names
 * come from the source, a link fails: it may lead out of the target.
 */
export async function makeDirectories(target: string, file: string): Promise<void> {
  await mkdir(target, { recursive: true })
  const segments = relativePath(target, file).split(sep)
  let path = target
  for (const [index, segment] of segments.entries()) {
    path = join(path, segment)
    if (index < segments.length - 1) await mkdir(path).catch(ignoreCode('EEXIST'))
    if ((await lstat(path).catch(ignoreCode('ENOENT')))?.isSymbolicLink()) {
      throw new FileFailure(
        exitCodes.conflict,
        `${path} is a symbolic link, and links below the target are not followed`,
      )
    }
  }
}

const ignoreCode = (code: string) => (error: unknown) => {
  if (!isSystemError(error) || error.code !== code) throw error
}
