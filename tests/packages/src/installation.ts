/**
 * A project that has the published packages installed: only the files of their tarballs, and beside
 * them what they depend on.
 */
import { cp, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type PublishedPackage, publishedPackages } from '../../../scripts/release/packages.ts'

const root = join(import.meta.dirname, '..', '..', '..')

export class Installation implements AsyncDisposable {
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  static async create(): Promise<Installation> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'stowage-packages-')))
    const installation = new Installation(directory)
    for (const each of await publishedPackages(root)) await installation.#install(each)
    return installation
  }

  async #install({ directory, manifest, files }: PublishedPackage): Promise<void> {
    const target = join(this.directory, 'node_modules', manifest.name)
    for (const file of files) await cp(join(directory, file), join(target, file))
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      if (name.startsWith('@stowage/')) continue
      await link(join(directory, 'node_modules', name), join(target, 'node_modules', name))
    }
  }

  /** Makes a package of this workspace one of the project's. */
  async link(name: string): Promise<void> {
    const source = join(import.meta.dirname, '..', 'node_modules', name)
    await link(source, join(this.directory, 'node_modules', name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true })
  }
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await symlink(await realpath(target), path, 'junction')
}
