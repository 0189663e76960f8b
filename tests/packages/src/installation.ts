/**
 * A project that has the published packages installed: only the files of their tarballs, and their
 * dependencies.
 */
import { constants } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readlink, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { type PublishedPackage, publishedPackages } from '../../../scripts/release/packages.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const here = join(import.meta.dirname, '..')
/** Where pnpm keeps the packages, each with links to what it depends on. */
const virtualStore = join(root, 'node_modules', '.pnpm')

interface InstallationOptions {
  /** The packages of this workspace to install. Default: all that are published. */
  readonly packages?: readonly string[]
  /**
   * Copies what the packages depend on instead of linking to it, for tools that follow no link out
   * of a project.
   */
  readonly copies?: boolean
}

export class Installation implements AsyncDisposable {
  readonly directory: string
  readonly #copies: boolean
  /** What was copied from the virtual store. */
  readonly #copied = new Set<string>()

  private constructor(directory: string, copies: boolean) {
    this.directory = directory
    this.#copies = copies
  }

  static async create({ packages, copies = false }: InstallationOptions = {}): Promise<Installation> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'stowage-packages-')))
    const installation = new Installation(directory, copies)
    for (const each of await publishedPackages(root)) {
      if (packages?.includes(each.manifest.name) ?? true) await installation.#install(each)
    }
    return installation
  }

  async #install({ directory, manifest, files }: PublishedPackage): Promise<void> {
    const target = join(this.directory, 'node_modules', manifest.name)
    for (const file of files) await cp(join(directory, file), join(target, file))
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      if (name.startsWith('@stowage/')) continue
      await this.#add(join(directory, 'node_modules', name), join(target, 'node_modules', name))
    }
  }

  /** Installs a dependency of a project of this workspace. Default: of this project. */
  async link(name: string, project: string = here): Promise<void> {
    await this.#add(join(project, 'node_modules', name), join(this.directory, 'node_modules', name))
  }

  async #add(source: string, path: string): Promise<void> {
    const target = await realpath(source)
    await mkdir(dirname(path), { recursive: true })
    await symlink(this.#copies ? await this.#copy(target) : target, path, 'junction')
  }

  /**
   * Copies a package of the virtual store with all that it depends on, and returns the copy's
   * path.
   */
  async #copy(target: string): Promise<string> {
    const [entry = ''] = relative(virtualStore, target).split(sep)
    const store = join(this.directory, 'node_modules', '.pnpm')
    if (!this.#copied.has(entry)) {
      this.#copied.add(entry)
      const options = { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE }
      await cp(join(virtualStore, entry), join(store, entry), options)
      for (const dependency of await linksIn(join(virtualStore, entry, 'node_modules'))) await this.#copy(dependency)
    }
    return join(store, relative(virtualStore, target))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true })
  }
}

/** The targets of the links in a directory of packages. */
async function linksIn(directory: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isSymbolicLink()) found.push(resolve(directory, await readlink(path)))
    else if (entry.name.startsWith('@')) found.push(...(await linksIn(path)))
  }
  return found
}
