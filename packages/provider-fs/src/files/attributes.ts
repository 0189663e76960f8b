/**
 * Attributes that a file's name does not imply. They belong to one version of the file.
 *
 * They are stored in `.stowage/attributes/<container>/<2 digits>/<62 digits>-<version>`: the
 * SHA-256 of the file's path on the disk, and the version. The entry is written before the version
 * appears, and deleted after it is replaced, so every visible version has its own. A file whose
 * attributes are implied by its name has no entry.
 */
import { hash } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { contentTypeByName, unknownContentType } from '@stowage/core'
import {
  type Checksums,
  type FileInfo,
  mapHeaderAttributes,
  StorageError,
  type WriteCallOptions,
  type WrittenFile,
} from '@stowage/core/provider'
import * as v from 'valibot'
import { bookkeeping } from '../disk/bookkeeping.js'
import type { DirectCalls } from '../disk/direct.js'
import type { Directories, Directory } from '../disk/directories.js'
import type { Lease } from '../disk/lease.js'
import { fsync, ignoreFailure, lstatIfExists, mkdir, readdirIfExists, readFile, rmdir, unlink } from '../disk/system.js'
import { errno, isAbsence, rootMissing } from '../mapping/errors.js'
import { type DiskLocation, type DiskPath, pathOf } from './locations.js'
import { dateOf, etagOf, mayHaveAttributes, type VersionStats, versionOf } from './versions.js'

export type Attributes = WriteCallOptions['attributes']

/** The attributes and checksums of a version. */
export interface StoredAttributes {
  readonly attributes: Attributes
  readonly checksums: Checksums
}

/** The schemas of the stored form, which other properties complete. */
export const storedSchemas = {
  attributes: v.object({
    contentType: v.string(),
    ...mapHeaderAttributes(() => v.exactOptional(v.string())),
    // Pairs, because schemas omit keys such as `__proto__`, which users may have.
    metadata: v.pipe(
      v.array(v.tuple([v.string(), v.string()])),
      v.transform((pairs): Readonly<Record<string, string>> => Object.fromEntries(pairs)),
    ),
  }),
  checksums: v.object({ md5: v.exactOptional(v.string()), sha256: v.exactOptional(v.string()) }),
}

export const encodeAttributes = ({ attributes, checksums }: StoredAttributes) => ({
  attributes: { ...attributes, metadata: Object.entries(attributes.metadata) },
  checksums,
})

const storedAttributes = v.object({ path: v.string(), ...storedSchemas })

export const defaultAttributes = (file: string): Attributes => ({
  contentType: contentTypeByName(file) ?? unknownContentType,
  metadata: {},
})

/** Returns whether the file's name implies all attributes, so that nothing is stored. */
export function isImpliedByName(file: string, { attributes, checksums }: StoredAttributes): boolean {
  const { contentType, metadata, ...others } = attributes
  return (
    contentType === defaultAttributes(file).contentType &&
    Object.keys(metadata).length === 0 &&
    [...Object.values(others), ...Object.values(checksums)].every((value) => value === undefined)
  )
}

/**
 * Makes the result of a write: the properties of `getFile` that a read of the file does not change.
 */
export function writtenFile(
  location: DiskLocation,
  stats: BigIntStats,
  { attributes, checksums }: StoredAttributes,
): WrittenFile {
  return {
    container: location.container,
    name: location.file,
    size: Number(stats.size),
    mtime: dateOf(stats.mtimeMs),
    // Copies of a tree keep the modification time, but not the creation time.
    ...(stats.birthtimeNs > 0n && stats.birthtimeNs <= stats.mtimeNs ? { created: dateOf(stats.birthtimeMs) } : {}),
    etag: etagOf(stats),
    ...withoutUndefined(attributes),
    checksums: withoutUndefined(checksums),
  }
}

export const fileInfo = (location: DiskLocation, stats: BigIntStats, known: StoredAttributes): FileInfo => ({
  ...writtenFile(location, stats, known),
  mtime: dateOf(stats.mtimeMs),
  atime: dateOf(stats.atimeMs),
  ctime: dateOf(stats.ctimeMs),
})

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T

export class AttributeStore {
  readonly #directories: Directories
  readonly #fsync: boolean

  constructor(directories: Directories, fsync: boolean) {
    this.#directories = directories
    this.#fsync = fsync
  }

  /**
   * Returns the attributes of a version, or `undefined` if none are stored or they cannot be read.
   */
  async find(location: DiskLocation, stats: VersionStats): Promise<StoredAttributes | undefined> {
    using directory = await this.#directories.acquire(path(location.container))
    if (directory === undefined) return undefined
    try {
      return decode(await this.#directories.direct.readText(directory.at(entryOf(location, stats))))
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
  }

  /**
   * Stores attributes for a version that is about to appear. Returns false if there are attributes
   * for it already, possibly for a version that another process is about to create.
   */
  async save(location: DiskLocation, stats: VersionStats, stored: StoredAttributes, lease: Lease): Promise<boolean> {
    using directory = await this.#directories.make(path(location.container), 0)
    if (directory === undefined) throw rootMissing()
    const { direct } = this.#directories
    const entry = entryOf(location, stats)
    const content = Buffer.from(JSON.stringify({ path: pathOf(location), ...encodeAttributes(stored) }))
    const fd = await openNew(direct, directory, entry)
    if (fd === undefined) return false
    try {
      try {
        await direct.writeFully(fd, content, 0)
        if (this.#fsync) await fsync(fd)
      } finally {
        await this.#directories.finish(fd)
      }
      return true
    } catch (error) {
      await discardIfExists(lease, directory.at(entry))
      throw error
    }
  }

  /**
   * Same as {@link save}, for a version that exists and is about to appear at another location.
   * Attributes that are already there are stale.
   */
  async replace(location: DiskLocation, stats: VersionStats, stored: StoredAttributes, lease: Lease): Promise<void> {
    if (await this.save(location, stats, stored, lease)) return
    await this.remove(location, stats, lease)
    if (await this.save(location, stats, stored, lease)) return
    throw new StorageError('UNAVAILABLE', 'attributes of the file appear that no lock protects')
  }

  /** Deletes the attributes of a version that no longer exists, if there are any. */
  async remove(location: DiskPath, stats: VersionStats, lease: Lease): Promise<void> {
    if (!mayHaveAttributes(stats)) return
    using directory = await this.#directories.acquire(path(location.container))
    if (directory === undefined) return
    await discardIfExists(lease, directory.at(entryOf(location, stats)))
  }

  /** Deletes the attributes of all versions of the file except this one. */
  async removeOthers(location: DiskPath, present: VersionStats | undefined, lease: Lease): Promise<void> {
    using directory = await this.#directories.acquire(path(location.container))
    if (directory === undefined) return
    const [folder, prefix] = bucketOf(location)
    const stays = present === undefined ? undefined : `${prefix}-${versionOf(present)}`
    for (const entry of await readdirIfExists(directory.at(folder))) {
      if (entry.startsWith(prefix) && entry !== stays) await discardIfExists(lease, directory.at(`${folder}/${entry}`))
    }
  }

  /**
   * Yields all versions of a container's files with stored attributes, in no order. Deletes old
   * unreadable entries.
   */
  async *storedVersions(container: string): AsyncGenerator<{ readonly path: string; readonly version: string }> {
    using directory = await this.#directories.acquire(path(container))
    if (directory === undefined) return
    for (const folder of await readdirIfExists(directory.path)) {
      for (const entry of await readdirIfExists(directory.at(folder))) {
        const file = directory.at(`${folder}/${entry}`)
        const stored = parse(await readFile(file, 'utf8').catch(() => ''))
        // Another process is writing the entry, unless it is older than any write.
        if (stored !== undefined) yield { path: stored.path, version: entry.slice(entry.indexOf('-') + 1) }
        else if (await isOld(file)) await unlink(file).catch(ignoreFailure)
      }
      await rmdir(directory.at(folder)).catch(ignoreFailure)
    }
  }
}

const oldMilliseconds = 3_600_000

const isOld = async (file: string): Promise<boolean> => {
  const stats = await lstatIfExists(file)
  return stats !== undefined && Date.now() - Number(stats.mtimeMs) > oldMilliseconds
}

export const attributesPath = [bookkeeping, 'attributes']
const path = (container: string): string[] => [...attributesPath, container]

function bucketOf(location: DiskPath): [folder: string, prefix: string] {
  const digest = hash('sha256', pathOf(location))
  return [digest.slice(0, 2), digest.slice(2)]
}

function entryOf(location: DiskPath, stats: VersionStats): string {
  const [folder, prefix] = bucketOf(location)
  return `${folder}/${prefix}-${versionOf(stats)}`
}

async function discardIfExists(lease: Lease, path: string): Promise<void> {
  try {
    await lease.discard(path)
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
}

/** Returns `undefined` if the entry exists. */
async function openNew(direct: DirectCalls, directory: Directory, entry: string): Promise<number | undefined> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
  for (let attempt = 1; ; attempt++) {
    try {
      return await direct.open(directory.at(entry), flags, 0o666)
    } catch (error) {
      if (errno(error) === 'EEXIST') return undefined
      if (errno(error) !== 'ENOENT' || attempt === maxAttempts) throw error
    }
    await mkdir(directory.at(entry.slice(0, 2))).catch((error: unknown) => {
      if (errno(error) !== 'EEXIST') throw error
    })
  }
}

/** How often a folder is created again if the cleaner deletes it at the same moment. */
const maxAttempts = 100

const decode = (json: string): StoredAttributes | undefined => {
  const stored = parse(json)
  return stored === undefined ? undefined : { attributes: stored.attributes, checksums: stored.checksums }
}

const parse = (json: string): v.InferOutput<typeof storedAttributes> | undefined => parseStored(storedAttributes, json)

/** Parses one of the provider's own files. Returns `undefined` if it is incomplete. */
export function parseStored<Schema extends v.GenericSchema>(
  schema: Schema,
  json: string,
): v.InferOutput<Schema> | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  const result = v.safeParse(schema, value)
  return result.success ? result.output : undefined
}
