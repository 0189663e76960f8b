/**
 * Directories below the root, held open so that no symbolic link can lead out of it, not even one put there meanwhile.
 *
 * On Linux a directory is opened, and the kernel is asked where it is: only when that is exactly the expected path, without a
 * symbolic link on the way, is it used, and everything in it is reached through its descriptor (`/proc/4711/fd/7/name`). Descriptors are kept for a while, and
 * the kernel is asked again at every use, which costs microseconds. Elsewhere the path is resolved before every use: links that are there are
 * never followed, but one put there in the moment after it was looked at would be.
 */
import { closeSync, constants, readlinkSync, realpathSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import {
  errno,
  isAbsence,
  isUnreadable,
  Obstacle,
  rootMissing,
  rootNoDirectory,
  throwIfAborted,
  unreadable,
  unsupportedPlatform,
} from '../errors.js'
import { DirectCalls } from './direct.js'
import { close, fsync, ignoreFailure, lstat, mkdir, open, readdir, realpath, statfs } from './system.js'

/** A place for descriptors that need no right to read the directory; Linux's own, the same on all its machines that Node runs on. */
const pathOnly = 0o10000000
/** Linux's numbers of the file systems of local disks and memory: ext4, XFS, Btrfs, tmpfs, overlay, ZFS, F2FS. */
const localSystems = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010])

const openDirectory = pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW

const maxIdle = 128
const idleMilliseconds = 10_000
/** Milliseconds for which a directory that was in its place counts as being there, where that may turn out to be wrong. */
const latelyMilliseconds = 1000

/** How often a directory is made again that another process prunes at the same moment. */
const maxTries = 100

/** A directory that is open. */
export interface OpenDirectory extends Disposable {
  /** The path of an entry, valid while the directory is open. */
  at(entry: string): string
  /** The directory's own path, valid while it is open. */
  readonly here: string
}

/** A directory in use. */
export interface Directory extends OpenDirectory {
  /** Whether it still is where it was when it was taken. */
  isInPlace(): boolean
}

interface Descriptor {
  readonly fd: number
  readonly path: string
  users: number
  lastUse: number
  /** When it was in its place last. */
  lastSeen: number
  forgotten: boolean
}

export interface DirectoriesOptions {
  /** An absolute path. */
  readonly root: string
  readonly createRoot: boolean
  readonly fsync: boolean
  /** Whether directories are reached through descriptors. Default: where the kernel tells their paths, on Linux. */
  readonly byDescriptor?: boolean | undefined
}

export class Directories {
  /** Calls on what is in the directories. */
  readonly direct = new DirectCalls(() => this.#isLocal)
  readonly #options: DirectoriesOptions
  readonly #descriptors = new Map<string, Descriptor>()
  #root: Promise<{ readonly path: string; readonly byDescriptor: boolean }> | undefined
  #isLocal = false
  #sweep: NodeJS.Timeout | undefined

  constructor(options: DirectoriesOptions) {
    if (process.platform === 'win32') throw unsupportedPlatform()
    if (!isAbsolute(options.root)) throw new TypeError('the root must be an absolute path')
    this.#options = options
  }

  /** `undefined` when there is no such directory, or a symbolic link stands in the path. No segments: the root. */
  async hold(segments: readonly string[]): Promise<Directory | undefined> {
    const key = segments.join('/')
    const known = this.#descriptors.get(key)
    if (known !== undefined) {
      if (this.#isInPlace(known)) return this.#use(known)
      this.#forget(key, known)
    }
    const root = await this.#resolveRoot()
    const path = segments.length === 0 ? root.path : `${root.path === '/' ? '' : root.path}/${key}`
    return root.byDescriptor ? this.#openDescriptor(key, path) : this.#checkPath(path)
  }

  /**
   * As {@link hold}, without asking where the directory is when it was in its place within the last second: for what does no harm in a
   * directory that has been moved, and fails in one that has been removed.
   */
  async holdAsSeen(segments: readonly string[]): Promise<Directory | undefined> {
    const known = this.#descriptors.get(segments.join('/'))
    if (known !== undefined && performance.now() - known.lastSeen < latelyMilliseconds) return this.#use(known)
    return this.hold(segments)
  }

  /**
   * As {@link hold}, for the directory that an entry of the held one is. Where directories are
   * reached through descriptors, the kernel walks one step and is not asked for the whole path.
   */
  async holdIn(parent: OpenDirectory, segments: readonly string[]): Promise<OpenDirectory | undefined> {
    const { byDescriptor } = await this.#resolveRoot()
    return byDescriptor ? this.open(parent, segments.at(-1) ?? '') : this.hold(segments)
  }

  /**
   * Opens a directory in a held one: the one that the entry is now, wherever it is moved to.
   * `undefined` when the entry is no directory.
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

  /** As {@link hold}, for a directory that is known to exist unless somebody removes it now. */
  async root(): Promise<Directory> {
    const root = await this.hold([])
    if (root === undefined) throw await this.#rootProblem()
    return root
  }

  /**
   * Holds the directory, and makes it and those above it where they are missing, but for the first `existing` segments:
   * `undefined` when one of these is missing.
   */
  async make(segments: readonly string[], existing: number): Promise<Directory | undefined> {
    for (let tries = 1; ; tries++) {
      const held = await this.hold(segments)
      if (held !== undefined || segments.length <= existing) return held
      using parent = await this.make(segments.slice(0, -1), existing)
      if (parent === undefined) return undefined
      const entry = segments.at(-1) ?? ''
      try {
        await mkdir(parent.at(entry))
        if (this.#options.fsync) await syncDirectory(parent)
      } catch (error) {
        if (errno(error) === 'EEXIST') {
          const present = await this.#statIfThere(parent.at(entry))
          if (present === false) throw new Obstacle(segments, 'it is no folder')
          // A directory that is there and is not at its path has another spelling, on a volume that folds case.
          if (present && tries > 2) {
            const again = await this.hold(segments)
            if (again !== undefined) return again
            throw new Obstacle(segments, 'a folder exists whose name differs in case alone')
          }
        } else if (errno(error) !== 'ENOENT') throw error
        if (tries === maxTries) throw error
      }
    }
  }

  /** Removes a directory with nothing in it; whether it is gone. */
  async removeEmpty(segments: readonly string[]): Promise<boolean> {
    using parent = await this.hold(segments.slice(0, -1))
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
   * Removes a directory that holds nothing but directories that hold nothing; whether it is gone.
   * Fails when that cannot be found out, because one of them cannot be read.
   */
  async removeHollow(segments: readonly string[], signal: AbortSignal): Promise<boolean> {
    const hollow: string[][] = [[...segments]]
    for (const directory of hollow) {
      throwIfAborted(signal)
      try {
        using held = await this.hold(directory)
        if (held === undefined) continue
        for (const entry of await readdir(held.here, { withFileTypes: true })) {
          if (!entry.isDirectory()) return false
          hollow.push([...directory, entry.name])
        }
      } catch (error) {
        // Deeper than the operating system's paths, from where nothing is removed one by one.
        if (errno(error) === 'ENAMETOOLONG') return false
        throw isUnreadable(error) ? unreadable(directory, error) : error
      }
    }
    for (const directory of hollow.reverse()) if (!(await this.removeEmpty(directory))) return false
    return true
  }

  /** Whether the root is known to be on a local disk */
  get isLocal(): boolean {
    return this.#isLocal
  }

  /** Why a call on the root failed. */
  async #rootProblem(): Promise<unknown> {
    const { root } = this.#options
    const path = await realpath(root).catch(() => undefined)
    const stats = path === undefined ? undefined : await lstat(path).catch(() => undefined)
    if (stats === undefined) return rootMissing()
    return stats.isDirectory() ? rootMissing() : rootNoDirectory()
  }

  async #statIfThere(path: string): Promise<boolean | undefined> {
    try {
      return (await lstat(path)).isDirectory()
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** Closes a file whose closing nothing hangs on: one that was read, or whose writing has failed. */
  discard(fd: number): void {
    if (this.#isLocal) closeSync(fd)
    else close(fd).catch(ignoreFailure)
  }

  /** Closes a file that was written. Network file systems write the last of the data now, and tell when that fails. */
  async finish(fd: number): Promise<void> {
    if (this.#isLocal) closeSync(fd)
    else await close(fd)
  }

  /** Closes all descriptors that are not in use, and the others when their use ends. */
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
      await mkdir(root, { recursive: true }).catch((error: unknown) => {
        throw errno(error) === 'EEXIST' || errno(error) === 'ENOTDIR' ? rootNoDirectory() : error
      })
    }
    let path: string
    try {
      path = await realpath(root)
      if (!(await lstat(path)).isDirectory()) throw rootNoDirectory()
    } catch (error) {
      if (errno(error) === 'ENOENT') throw rootMissing()
      if (errno(error) === 'ENOTDIR') throw rootNoDirectory()
      throw error
    }
    if (!byDescriptor || !(await describesPaths(path))) return { path, byDescriptor: false }
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
   * Opens it from the directory above, when that is open: the kernel then walks one step, and not
   * the whole of a deep path.
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
    const here = pathBy(descriptor.fd)
    let inUse = true
    return {
      at: (entry) => `${here}/${entry}`,
      here,
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
    // A map keeps the order of insertion, so the oldest ones come first.
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

const atPath = (path: string): OpenDirectory => ({
  at: (entry) => `${path}/${entry}`,
  here: path,
  [Symbol.dispose]: () => undefined,
})

function openedBy(fd: number): OpenDirectory {
  const here = pathBy(fd)
  return { at: (entry) => `${here}/${entry}`, here, [Symbol.dispose]: () => closeSync(fd) }
}

/** Makes the directory's entries last through a loss of power. */
export async function syncDirectory(directory: Directory): Promise<void> {
  const fd = await open(directory.here, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await fsync(fd)
  } finally {
    await close(fd)
  }
}

let descriptors: string | undefined

/**
 * The path of what a descriptor stands for. `/proc/self` is a symbolic link to this process's number, as the mounted `/proc` counts; to
 * follow it is a sixth of what a look by this path takes.
 */
function pathBy(fd: number): string {
  descriptors ??= `/proc/${readlinkSync('/proc/self')}/fd`
  return `${descriptors}/${fd}`
}

/** Where the kernel says that a descriptor's directory is now. Answered from memory, so it waits for nothing. */
function pathOfDescriptor(fd: number): string | undefined {
  try {
    return readlinkSync(pathBy(fd))
  } catch {
    return undefined
  }
}

async function describesPaths(path: string): Promise<boolean> {
  const fd = await open(path, openDirectory)
  const answer = pathOfDescriptor(fd)
  closeSync(fd)
  return answer === path
}

/** The setting `root` as an absolute path. */
export const absoluteRoot = (root: string, directory: string): string => resolve(directory, root)
