/**
 * Files of this machine that appear whole or not at all.
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isSystemError } from '../failures/failures.js'

const permissionBits = 0o777

/**
 * Has a file written under a temporary name beside it (`.stowage-….part`), and puts it in its place once it is whole. On any failure nothing of it remains, and the file that was there before is still there. Its permissions are kept, and
 * a symbolic link stays one. What is no regular file, such as a pipe or `/dev/null`, is written to as it is.
 */
export async function replaceFile(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const present = await statOf(path)
  if (present !== undefined && !present.isFile() && !present.isDirectory()) {
    await using handle = await open(path, 'w')
    await write(handle)
    return
  }
  const target = present === undefined ? path : await realpath(path)
  const temporary = join(dirname(target), `.stowage-${randomBytes(9).toString('base64url')}.part`)
  try {
    {
      await using handle = await open(temporary, 'wx')
      if (present !== undefined) await handle.chmod(present.mode & permissionBits)
      await write(handle)
    }
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw named(error, path)
  }
}

/** A failure tells of the file that the user knows. */
function named(error: unknown, path: string): unknown {
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
