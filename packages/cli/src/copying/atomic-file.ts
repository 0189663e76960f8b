/**
 * Local files that appear complete or not at all.
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isSystemError } from '../failures/failures.js'

const permissionBits = 0o777

/** A regular file that is created or replaced. */
export interface TargetFile {
  /** Without symbolic links in its last segment. */
  readonly path: string
  /** The permissions of the present file. */
  readonly mode?: number
}

/**
 * Returns the file that a path names. Returns `undefined` if it is neither a regular file nor
 * missing, such as a pipe or `/dev/null`.
 */
export async function targetOf(path: string): Promise<TargetFile | undefined> {
  const present = await statOf(path)
  if (present === undefined) return { path }
  if (!present.isFile() && !present.isDirectory()) return undefined
  return { path: await realpath(path), mode: present.mode & permissionBits }
}

/** Returns a new temporary name in the same directory. */
export const partPath = (target: string): string =>
  join(dirname(target), `.stowage-${randomBytes(9).toString('base64url')}.part`)

/**
 * Writes a file under a temporary name in its directory (`.stowage-….part`), and renames it when it
 * is complete. If anything fails, the previous file stays and the temporary one is deleted. The
 * file keeps its permissions, and a symbolic link stays one. If the path is not a regular file,
 * such as a pipe or `/dev/null`, writes to it directly.
 */
export async function replaceFile(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const target = await targetOf(path)
  if (target === undefined) {
    await using handle = await open(path, 'w')
    await write(handle)
    return
  }
  const temporary = partPath(target.path)
  try {
    {
      await using handle = await open(temporary, 'wx')
      if (target.mode !== undefined) await handle.chmod(target.mode)
      await write(handle)
    }
    await rename(temporary, target.path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw named(error, path)
  }
}

/** Names the file that the user knows in an error of the system. */
export function named(error: unknown, path: string): unknown {
  return isSystemError(error) ? Object.assign(error, { path }) : error
}

async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined
    throw error
  }
}
