/**
 * The peers' programs, installed on demand in a folder of their own, so that the workspace never
 * depends on them.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { arch } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const home = fileURLToPath(new URL('../.peers/', import.meta.url))

const packages = {
  express: { express: '5.3.0', multer: '2.5.0' },
  application: {
    express: '5.3.0',
    multer: '2.5.0',
    compression: '1.8.2',
    cors: '2.8.6',
    'express-session': '1.19.0',
    helmet: '8.3.0',
    morgan: '1.12.1',
  },
  tus: { '@tus/server': '2.4.5', '@tus/file-store': '2.1.1' },
  loopback: { loopback: '3.28.0', 'loopback-component-storage': '3.7.0' },
  s3: {
    '@aws-sdk/client-s3': '3.1169.0',
    '@aws-sdk/lib-storage': '3.1169.0',
    '@aws-sdk/s3-request-presigner': '3.1163.0',
    flydrive: '1.3.0',
    '@flystorage/file-storage': '1.2.2',
    '@flystorage/aws-s3': '1.2.0',
  },
  azure: { '@azure/storage-blob': '12.32.0' },
  pkgcloud: { pkgcloud: '2.2.0' },
} as const

/** Installs a peer's packages, and returns the path to make a `require` from. */
export const requirePeer = (name: keyof typeof packages): Promise<string> => requirePackages(name, packages[name])

/** Installs packages in exactly these versions, and returns the path to make a `require` from. */
export async function requirePackages(name: string, versions: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(home, name)
  const manifest = `${JSON.stringify({ private: true, dependencies: versions }, undefined, 2)}\n`
  const manifestPath = join(folder, 'package.json')
  const done = join(folder, 'installed')
  if (!existsSync(done) || (await readFile(manifestPath, 'utf8')) !== manifest) {
    process.stderr.write(`bench: installing ${Object.keys(versions).join(', ')}\n`)
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await writeFile(manifestPath, manifest)
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'], { cwd: folder })
    await writeFile(done, '')
  }
  return manifestPath
}

/**
 * Where a program may be. With `version`, the arguments that print its version, Debian's packages
 * are unpacked if it is missing: the one of its name, and `libraries`.
 */
const programs = {
  nginx: {
    places: ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx', '/opt/homebrew/bin/nginx'],
    version: '-v',
  },
  rclone: { places: ['/usr/bin/rclone', '/usr/local/bin/rclone', '/opt/homebrew/bin/rclone'], version: 'version' },
  curl: { places: ['/usr/bin/curl', '/usr/local/bin/curl', '/opt/homebrew/bin/curl'] },
  wrk: { places: ['/usr/bin/wrk', '/usr/local/bin/wrk'], version: '-v', libraries: ['libluajit-5.1-2'] },
  swift: { places: ['/usr/bin/swift', '/usr/local/bin/swift'] },
} as const satisfies Record<string, Program>

interface Program {
  readonly places: readonly [string, ...string[]]
  readonly version?: string
  readonly libraries?: readonly string[]
}

/** The environment for a program that may have been unpacked together with its libraries. */
export const withLibraries = (program: string) => ({
  ...process.env,
  LD_LIBRARY_PATH: join(dirname(dirname(program)), 'lib', `${arch() === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`),
})

/**
 * Returns a program: the installed one, else that of Debian's package, which is unpacked and not
 * installed, so that no service starts. Returns `undefined` if it is not available.
 */
export async function findProgram(name: keyof typeof programs): Promise<string | undefined> {
  const { places, version, libraries = [] }: Program = programs[name]
  const folder = join(home, name)
  const inPackage = join(folder, places[0])
  const present = [...places, inPackage].find((path) => existsSync(path))
  if (present !== undefined || version === undefined) return present
  try {
    process.stderr.write(`bench: unpacking Debian’s ${name}\n`)
    await mkdir(folder, { recursive: true })
    await run('apt-get', ['download', name, ...libraries], { cwd: folder })
    for (const file of await readdir(folder)) {
      if (file.endsWith('.deb')) await run('dpkg-deb', ['-x', join(folder, file), folder])
    }
    await run(inPackage, [version], { env: withLibraries(inPackage) }).catch((error: { code?: unknown }) => {
      // wrk prints its version and returns 1.
      if (error.code !== 1) throw error
    })
    return inPackage
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    process.stderr.write(`bench: ${name} is left out: ${error instanceof Error ? error.message : String(error)}\n`)
    return undefined
  }
}
