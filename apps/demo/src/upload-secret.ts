/**
 * The secret that encrypts the URLs of resumable uploads. It is stored in a file, so that uploads
 * continue after a restart.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { link, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StartError } from './config.js'

/** In the directory of `datasources.json`, which the demo serves to no client. */
const fileName = '.stowage-upload-secret'
const leastLength = 32
/** Permissions of the group and of others. */
const shared = 0o077

/**
 * Returns the secret in the file next to `datasources.json`. Creates the file if it is missing. If
 * the directory is read-only, returns a random secret and calls `warn`.
 *
 * @throws StartError if others can read the file, or if its text is too short.
 */
export async function uploadSecret(dataSourcesFile: string, warn: (message: string) => void): Promise<string> {
  const path = join(dirname(dataSourcesFile), fileName)
  const existing = await read(path)
  if (existing !== undefined) return existing
  try {
    return await create(path)
  } catch (error) {
    // The directory is missing, and so is `datasources.json`: the start fails with that reason.
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return newSecret()
    if (!isErrno(error, 'EACCES', 'EPERM', 'EROFS')) throw error
    warn(`cannot write ${path}: resumable uploads end with this process, unless UPLOAD_SECRET is set`)
    return newSecret()
  }
}

const newSecret = () => randomBytes(32).toString('hex')

async function read(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path)
    const { mode } = await file.stat()
    if (process.platform !== 'win32' && (mode & shared) !== 0) {
      throw new StartError(`${path} contains a secret and other users can read it: run "chmod 600" on it`)
    }
    const secret = (await file.readFile('utf8')).trim()
    if (secret.length >= leastLength) return secret
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    if (isErrno(error)) throw new StartError(`cannot read ${path}: ${error.code}`)
    throw error
  }
  throw new StartError(`${path} must contain ${leastLength} characters or more: delete it to get a new secret`)
}

/**
 * Of several processes that start at the same time, one creates the file and all use its secret.
 */
async function create(path: string): Promise<string> {
  const temporary = `${path}.${randomUUID()}`
  try {
    const secret = newSecret()
    {
      await using file = await open(temporary, 'wx', 0o600)
      await file.writeFile(`${secret}\n`)
      await file.sync()
    }
    await link(temporary, path)
    return secret
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
    return (await read(path)) ?? create(path)
  } finally {
    await rm(temporary, { force: true })
  }
}

function isErrno(error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException & { code: string } {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && (codes.length === 0 || codes.includes(code))
}
