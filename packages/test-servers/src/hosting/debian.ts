import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** dpkg's own placeholders. */
const statusFormat = '\u0024{db:Status-Status}\n'
export const versionFormat = '\u0024{Version}'

/** Debian installs daemons in directories that only root's search path contains. */
export const searchPath = '/usr/sbin:/usr/bin:/sbin:/bin'

export interface InstallOptions {
  /** Whether missing packages may be installed. Default: yes. */
  readonly install?: boolean
}

/**
 * Makes sure that Debian's packages are installed: installs them, and says so, on Debian as root;
 * elsewhere, and where it may not, throws an error that says what to do.
 */
export async function requirePackages(
  what: string,
  packages: readonly string[],
  { install = true }: InstallOptions = {},
): Promise<void> {
  if (await areInstalled(packages)) return
  const names = packages.join(' ')
  if (!install) {
    throw new Error(`it is not installed. On Debian 12: apt-get install --no-install-recommends ${names}`)
  }
  if (process.getuid?.() !== 0 || !(await isExecutable('/usr/bin/apt-get'))) {
    throw new Error(
      `${what} can't be had here. On Debian 12, install it: apt-get install --no-install-recommends ${names}. ` +
        'Instead of a server, the tests can use one of yours: the variables are in packages/test-servers/README.md.',
    )
  }
  process.stderr.write(`test-servers: installing Debian packages for ${what}: ${names}\n`)
  const script = fileURLToPath(new URL('../../servers/install-packages.sh', import.meta.url))
  const lock = join(tmpdir(), 'stowage-test-servers-install.lock')
  try {
    await run('/bin/sh', [script, lock, ...packages], { maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).slice(-3000) : String(error)
    throw new Error(`installing ${names} failed:\n${output}`)
  }
}

/** The version of the software in an installed package, without what Debian adds to it. */
export async function versionOf(name: string): Promise<string> {
  const { stdout } = await run('dpkg-query', ['-W', '-f', versionFormat, name])
  return upstreamVersion(stdout)
}

/** `16.2.15` of `16.2.15+ds-0+deb12u1`, `22.0.2` of `2:22.0.2-0+deb12u1`. */
export const upstreamVersion = (version: string) =>
  version
    .trim()
    .replace(/^\d+:/, '')
    .replace(/[^\d.].*$/, '')

async function areInstalled(packages: readonly string[]): Promise<boolean> {
  try {
    const { stdout } = await run('dpkg-query', ['-W', '-f', statusFormat, ...packages])
    return stdout
      .trim()
      .split('\n')
      .every((status) => status === 'installed')
  } catch {
    return false
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
