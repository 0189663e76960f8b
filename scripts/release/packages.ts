/**
 * The published packages, with the files that their tarballs carry.
 */
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)

/** The files of a package as `npm pack` chooses them. It has no types. */
const packlist = require('npm-packlist') as (tree: {
  readonly path: string
  readonly package: object
  readonly isProjectRoot: true
  readonly edgesOut: ReadonlyMap<string, unknown>
}) => Promise<string[]>

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface PublishedPackage {
  readonly directory: string
  readonly manifest: Manifest
  /** Relative to the directory, with slashes. */
  readonly files: readonly string[]
}

/** `root`: the directory of the repository. */
export async function publishedPackages(root: string): Promise<PublishedPackage[]> {
  const home = join(root, 'packages')
  const found = await Promise.all((await readdir(home)).map((name) => read(join(home, name))))
  return found.filter(({ manifest }) => manifest.private !== true)
}

async function read(directory: string): Promise<PublishedPackage> {
  const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Manifest
  const tree = { path: directory, package: manifest, isProjectRoot: true, edgesOut: new Map() } as const
  return { directory, manifest, files: await packlist(tree) }
}
