/**
 * Directories below the root, kept open so that no symbolic link leads out of it, not even one that
 * is created in the meantime.
 *
 * On Linux, a directory is opened, and the kernel reports its path. The directory is used only if
 * that is exactly the expected path, without symbolic links. Everything in it is accessed through
 * its descriptor (`/proc/4711/fd/7/name`). Descriptors are kept for a while, and each use checks
 * the path again, which takes microseconds. On other systems, the path is resolved before every
 * use: existing links are never followed, but a link that is created right after the check would
 * be.
 */
import { closeSync, constants, readlinkSync, realpathSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import {
  errno,
  isAbsence,
  isUnreadable,
  Obstacle,
  rootMissing,
  rootNotDirectory,
  throwIfAborted,
  unreadable,
} from '../mapping/errors.js'
import { platform } from '../platform/platform.js'
import { DirectCalls } from './direct.js'
import { close, ignoreFailure, lstat, makeDirectories, mkdir, open, readdir, realpath, statfs } from './system.js'

/**
 * Opens a path without the right to read the directory. The value is Linux's, and is the same on
 * all its platforms that Node supports.
 */
const pathOnly = 0o10000000
/**
 * Linux's numbers of the file systems of local disks and memory: ext4, XFS, Btrfs, tmpfs, overlay,
 * ZFS, F2FS.
 */
const localSystems = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010])

const openDirectory = pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW

const maxIdle = 128
const idleMilliseconds = 10_000
/** Milliseconds for which `acquireCached` assumes that a directory is still in its place. */
const recentMilliseconds = 1000

/** How often a directory is created again if another process prunes it at the same moment. */
const maxAttempts = 100

/** An open directory. */
export interface OpenDirectory extends Disposable {
  /** Returns the path of an entry, which is valid while the directory is open. */
  at(entry: string): string
  /** The directory's own path, which is valid while it is open. */
  readonly path: string
}

/** A directory in use. */
export interface Directory extends OpenDirectory {
  /** Returns whether the directory is still at the path at which it was acquired. */
  isInPlace(): boolean
}

interface Descriptor {
  readonly fd: number
  readonly path: string
  users: number
  lastUse: number
  /** When it was last seen in its place. */
  lastSeen: number
  forgotten: boolean
}

export interface DirectoriesOptions {
  /** An absolute path. */
  readonly root: string
  readonly createRoot: boolean
  readonly fsync: boolean
  /**
   * Whether directories are accessed through descriptors. Default: if the kernel reports their
   * paths, which it does on Linux.
   */
  readonly byDescriptor?: boolean | undefined
}

export class Directories {
  /** Calls on the entries of the directories. */
  readonly direct = new DirectCalls(() => this.#isLocal)
  readonly #options: DirectoriesOptions
  readonly #descriptors = new Map<string, Descriptor>()
  #root: Promise<{ readonly path: string; readonly byDescriptor: boolean }> | undefined
  #isLocal = false
  #sweep: NodeJS.Timeout | undefined

  constructor(options: DirectoriesOptions) {
    this.#options = options
  }

  /**
   * Acquires a directory, or returns `undefined` if it does not exist or if its path has a symbolic
   * link. Without segments, it is the root.
   */
  async acquire(segments: readonly string[]): Promise<Directory | undefined> {
    const key = segments.join('/')
    const known = this.#descriptors.get(key)
    if (known !== undefined) {
      if (this.#isInPlace(known)) return this.#use(known)
      this.#forget(key, known)
    }
    const root = await this.#resolveRoot()
    const path = segments.length === 0 ? root.path : pathBelow(root.path, key)
    return root.byDescriptor ? this.#openDescriptor(key, path) : this.#checkPath(path)
  }

  /**
   * Same as {@link acquire}, without the check of its path if it was in its place within the last
   * second. For operations that do no harm in a moved directory and fail in a deleted one.
   */
  async acquireCached(segments: readonly string[]): Promise<Directory | undefined> {
    const known = this.#descriptors.get(segments.join('/'))
    if (known !== undefined && performance.now() - known.lastSeen < recentMilliseconds) return this.#use(known)
    return this.acquire(segments)
  }

  /**
   * Same as {@link acquire}, for a directory in an acquired one. With descriptors, the kernel
   * resolves one step instead of the whole path.
   */
  async acquireIn(parent: OpenDirectory, segments: readonly string[]): Promise<OpenDirectory | undefined> {
    const { byDescriptor } = await this.#resolveRoot()
    return byDescriptor ? this.open(parent, segments.at(-1) ?? '') : this.acquire(segments)
  }

  /**
   * Opens a directory in an acquired one, wherever that is moved to. Returns `undefined` if the
   * entry is not a directory.
   */
  async open(parent: OpenDirectory, entry: string): Promise<OpenDirectory | undefined> {
    const path = parent.at(entry)
    const { byDescriptor } = await this.#resolveRoot()
    try {
      if (byDescriptor) return openedBy(await this.direct.open(path, openDirectory))
      return (await lstat(path)).isDirectory() ? atPath(path) : undefined
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
  }

  /** Acquires the root, which exists unless it is deleted at this moment. */
  async root(): Promise<Directory> {
    const root = await this.acquire([])
    if (root === undefined) throw await this.#rootProblem()
    return root
  }

  /**
   * Acquires a directory, and creates it and its missing ancestors, except the first `existing`
   * segments. Returns `undefined` if one of these is missing.
   */
  async make(segments: readonly string[], existing: number): Promise<Directory | undefined> {
    for (let attempt = 1; ; attempt++) {
      const held = await this.acquire(segments)
      if (held !== undefined || segments.length <= existing) return held
      using parent = await this.make(segments.slice(0, -1), existing)
      if (parent === undefined) return undefined
      const entry = segments.at(-1) ?? ''
      try {
        await mkdir(parent.at(entry))
        if (this.#options.fsync) await syncDirectory(parent)
      } catch (error) {
        if (errno(error) === 'EEXIST') {
          const present = await this.#statIfExists(parent.at(entry))
          if (present === false) throw new Obstacle(segments, 'it is not a folder')
          // A directory that exists, but not at its path, has another spelling on a volume that
          // folds case.
          if (present && attempt > 2) {
            const again = await this.acquire(segments)
            if (again !== undefined) return again
            throw new Obstacle(segments, 'there is a folder whose name differs only in case')
          }
        } else if (errno(error) !== 'ENOENT') throw error
        if (attempt === maxAttempts) throw error
      }
    }
  }

  /** Deletes an empty directory. Returns whether it no longer exists. */
  async removeEmpty(segments: readonly string[]): Promise<boolean> {
    using parent = await this.acquire(segments.slice(0, -1))
    if (parent === undefined) return true
    try {
      await this.direct.rmdir(parent.at(segments.at(-1) ?? ''))
      return true
    } catch (error) {
      if (isAbsence(error)) return true
      if (['ENOTEMPTY', 'EEXIST', 'EBUSY', 'EACCES', 'EPERM'].includes(errno(error) ?? '')) return false
      throw error
    }
  }

  /**
   * Deletes a directory that contains only empty directories, at any depth. Returns whether it no
   * longer exists. Fails if one of them cannot be read.
   */
  async removeEmptyTree(segments: readonly string[], signal: AbortSignal): Promise<boolean> {
    const directories: string[][] = [[...segments]]
    for (const directory of directories) {
      throwIfAborted(signal)
      try {
        using held = await this.acquire(directory)
        if (held === undefined) continue
        for (const entry of await readdir(held.path, { withFileTypes: true })) {
          if (!entry.isDirectory()) return false
          directories.push([...directory, entry.name])
        }
      } catch (error) {
        // Too deep for the operating system's paths, so nothing in it is deleted separately.
        if (errno(error) === 'ENAMETOOLONG') return false
        throw isUnreadable(error) ? unreadable(directory, error) : error
      }
    }
    for (const directory of directories.reverse()) if (!(await this.removeEmpty(directory))) return false
    return true
  }

  /** Whether the root is known to be on a local disk. */
  get isLocal(): boolean {
    return this.#isLocal
  }

  /** Returns the reason why a call on the root failed. */
  async #rootProblem(): Promise<unknown> {
    const { root } = this.#options
    const path = await realpath(root).catch(() => undefined)
    const stats = path === undefined ? undefined : await lstat(path).catch(() => undefined)
    if (stats === undefined) return rootMissing()
    return stats.isDirectory() ? rootMissing() : rootNotDirectory()
  }

  async #statIfExists(path: string): Promise<boolean | undefined> {
    try {
      return (await lstat(path)).isDirectory()
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /**
   * Closes a file that was read or whose write failed, so that an error of the close has no effect.
   */
  discard(fd: number): void {
    if (this.#isLocal) closeSync(fd)
    else close(fd).catch(ignoreFailure)
  }

  /**
   * Closes a file that was written. Network file systems write the last data now, and report an
   * error of it.
   */
  async finish(fd: number): Promise<void> {
    if (this.#isLocal) closeSync(fd)
    else await close(fd)
  }

  /** Closes all unused descriptors, and the others when they are released. */
  close(): void {
    clearTimeout(this.#sweep)
    for (const [key, descriptor] of this.#descriptors) this.#forget(key, descriptor)
  }

  #resolveRoot() {
    this.#root ??= this.#findRoot().catch((error: unknown) => {
      this.#root = undefined
      throw error
    })
    return this.#root
  }

  async #findRoot() {
    const { root, createRoot, byDescriptor = process.platform === 'linux' } = this.#options
    if (createRoot) {
      await makeDirectories(root).catch((error: unknown) => {
        throw errno(error) === 'EEXIST' || errno(error) === 'ENOTDIR' ? rootNotDirectory() : error
      })
    }
    let path: string
    try {
      path = await realpath(root)
      if (!(await lstat(path)).isDirectory()) throw rootNotDirectory()
    } catch (error) {
      if (errno(error) === 'ENOENT') throw rootMissing()
      if (errno(error) === 'ENOTDIR') throw rootNotDirectory()
      throw error
    }
    if (!byDescriptor || !(await reportsPaths(path))) return { path, byDescriptor: false }
    this.#isLocal = localSystems.has((await statfs(path)).type)
    return { path, byDescriptor: true }
  }

  async #openDescriptor(key: string, path: string): Promise<Directory | undefined> {
    const fd = (await this.#openBelowKnown(key, path)) ?? (await this.#openAt(path, path))
    if (fd === undefined) return undefined
    const other = this.#descriptors.get(key)
    if (other !== undefined && !other.forgotten) {
      if (this.#isInPlace(other)) {
        closeSync(fd)
        return this.#use(other)
      }
      this.#forget(key, other)
    }
    const descriptor = { fd, path, users: 0, lastUse: 0, lastSeen: performance.now(), forgotten: false }
    this.#descriptors.set(key, descriptor)
    this.#limit()
    return this.#use(descriptor)
  }

  /**
   * Opens the directory from its parent, if that is open. The kernel then resolves one step instead
   * of a deep path.
   */
  async #openBelowKnown(key: string, path: string): Promise<number | undefined> {
    const end = key.lastIndexOf('/')
    const parent = end === -1 ? undefined : this.#descriptors.get(key.slice(0, end))
    if (parent === undefined) return undefined
    using held = this.#use(parent)
    return this.#openAt(held.at(key.slice(end + 1)), path)
  }

  /** Opens a directory if it is the one at `expected`. */
  async #openAt(path: string, expected: string): Promise<number | undefined> {
    let fd: number
    try {
      fd = await this.direct.open(path, openDirectory)
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
    if (pathOfDescriptor(fd) === expected) return fd
    closeSync(fd)
    return undefined
  }

  async #checkPath(path: string): Promise<Directory | undefined> {
    try {
      if ((await realpath(path)) !== path || !(await lstat(path)).isDirectory()) return undefined
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
    return {
      ...atPath(path),
      isInPlace: () => {
        try {
          return realpathSync.native(path) === path
        } catch {
          return false
        }
      },
    }
  }

  #use(descriptor: Descriptor): Directory {
    descriptor.users++
    const path = pathBy(descriptor.fd)
    let inUse = true
    return {
      at: (entry) => `${path}/${entry}`,
      path,
      isInPlace: () => this.#isInPlace(descriptor),
      [Symbol.dispose]: () => {
        if (!inUse) return
        inUse = false
        descriptor.users--
        descriptor.lastUse = Date.now()
        if (descriptor.users === 0 && descriptor.forgotten) closeSync(descriptor.fd)
        else this.#sweepLater()
      },
    }
  }

  #isInPlace(descriptor: Descriptor): boolean {
    const inPlace = pathOfDescriptor(descriptor.fd) === descriptor.path
    descriptor.lastSeen = inPlace ? performance.now() : Number.NEGATIVE_INFINITY
    return inPlace
  }

  #forget(key: string, descriptor: Descriptor): void {
    if (this.#descriptors.get(key) === descriptor) this.#descriptors.delete(key)
    if (descriptor.forgotten) return
    descriptor.forgotten = true
    if (descriptor.users === 0) closeSync(descriptor.fd)
  }

  #limit(): void {
    if (this.#descriptors.size <= maxIdle) return
    // A map has the order of insertion, so the oldest ones come first.
    for (const [key, descriptor] of this.#descriptors) {
      if (descriptor.users > 0) continue
      this.#forget(key, descriptor)
      return
    }
  }

  #sweepLater(): void {
    if (this.#sweep !== undefined) return
    this.#sweep = setTimeout(() => {
      this.#sweep = undefined
      const before = Date.now() - idleMilliseconds
      for (const [key, descriptor] of this.#descriptors) {
        if (descriptor.users === 0 && descriptor.lastUse < before) this.#forget(key, descriptor)
      }
      if (this.#descriptors.size > 0) this.#sweepLater()
    }, idleMilliseconds)
    this.#sweep.unref()
  }
}

/** Returns the system's path of a path below a directory, whose own parts are joined by slashes. */
export const pathBelow = (directory: string, path: string): string =>
  `${directory.endsWith(sep) ? directory : directory + sep}${sep === '/' ? path : path.replaceAll('/', sep)}`

const atPath = (path: string): OpenDirectory => ({
  at: (entry) => `${path}/${entry}`,
  path,
  [Symbol.dispose]: () => undefined,
})

function openedBy(fd: number): OpenDirectory {
  const path = pathBy(fd)
  return { at: (entry) => `${path}/${entry}`, path, [Symbol.dispose]: () => closeSync(fd) }
}

/** Makes the entries of a directory survive a loss of power. */
export const syncDirectory = (directory: Directory): Promise<void> => platform.syncDirectory(directory.path)

let descriptors: string | undefined

/**
 * Returns the path of a descriptor. `/proc/self` is a symbolic link to this process's number in the
 * mounted `/proc`. Following it takes a sixth of the time of a stat.
 */
function pathBy(fd: number): string {
  descriptors ??= `/proc/${readlinkSync('/proc/self')}/fd`
  return `${descriptors}/${fd}`
}

/** Returns the current path of a descriptor's directory. The kernel returns it from memory. */
function pathOfDescriptor(fd: number): string | undefined {
  try {
    return readlinkSync(pathBy(fd))
  } catch {
    return undefined
  }
}

async function reportsPaths(path: string): Promise<boolean> {
  const fd = await open(path, openDirectory)
  const reported = pathOfDescriptor(fd)
  closeSync(fd)
  return reported === path
}

/** Returns the setting `root` as an absolute path. */
export const absoluteRoot = (root: string, directory: string): string => resolve(directory, root)
