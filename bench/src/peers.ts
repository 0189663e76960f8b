/**
 * The peers' programs, installed on demand in a folder of their own, so that the workspace never depends on them.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const home = fileURLToPath(new URL('../.peers/', import.meta.url))

const packages = {
  express: { express: '5.3.0', multer: '2.5.0' },
  tus: { '@tus/server': '2.4.5', '@tus/file-store': '2.1.1' },
  loopback: { loopback: '3.28.0', 'loopback-component-storage': '3.7.0' },
} as const

/** Installs packages in exactly these versions; the path to make a `require` from. */
export async function requirePeer(name: keyof typeof packages): Promise<string> {
  const folder = join(home, name)
  const manifest = `${JSON.stringify({ private: true, dependencies: packages[name] }, undefined, 2)}\n`
  const manifestPath = join(folder, 'package.json')
  const done = join(folder, 'installed')
  if (!existsSync(done) || (await readFile(manifestPath, 'utf8')) !== manifest) {
    process.stderr.write(`bench: installing ${Object.keys(packages[name]).join(', ')}\n`)
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await writeFile(manifestPath, manifest)
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'], { cwd: folder })
    await writeFile(done, '')
  }
  return manifestPath
}

const nginxPlaces = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx', '/opt/homebrew/bin/nginx']

/**
 * nginx's program: the machine's own, else that of Debian's package, unpacked without being installed, so that no service starts.
 * `undefined` when there is none to be had.
 */
export async function findNginx(): Promise<string | undefined> {
  const folder = join(home, 'nginx')
  const unpacked = join(folder, 'usr/sbin/nginx')
  const present = [...nginxPlaces, unpacked].find((path) => existsSync(path))
  if (present !== undefined) return present
  try {
    process.stderr.write('bench: unpacking Debian’s nginx\n')
    await mkdir(folder, { recursive: true })
    await run('apt-get', ['download', 'nginx'], { cwd: folder })
    const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'))
    if (archive === undefined) return undefined
    await run('dpkg-deb', ['-x', join(folder, archive), folder])
    await run(unpacked, ['-v'])
    return unpacked
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    process.stderr.write(`bench: nginx is left out: ${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}
