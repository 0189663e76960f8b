/**
 * Attributes that a file's name does not tell, tied to the version that they belong to.
 *
 * `.stowage/attributes/<container>/<2 digits>/<62 digits>-<version>`: the SHA-256 of the file's path on the disk, and the version. The
 * entry is written before the version appears and removed after it is gone, so every version that is seen has its own. A
 * file whose attributes are what its name tells has none.
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
import { fsync, ignoreFailure, lstatIfThere, mkdir, readdirIfThere, readFile, rmdir, unlink } from '../disk/system.js'
import { errno, isAbsence, rootMissing } from '../errors.js'
import { type OnDisk, type Place, pathOf } from './places.js'
import { dateOf, etagOf, mayHaveAttributes, type VersionFacts, versionOf } from './versions.js'

export type Attributes = WriteCallOptions['attributes']

/** What is kept with a file. */
export interface Kept {
  readonly attributes: Attributes
  readonly checksums: Checksums
}

/** How it stands on the disk, beside other facts. */
export const keptEntries = {
  attributes: v.object({
    contentType: v.string(),
    ...mapHeaderAttributes(() => v.exactOptional(v.string())),
    // Pairs, since schemas leave out keys such as `__proto__`, which users may have.
    metadata: v.pipe(
      v.array(v.tuple([v.string(), v.string()])),
      v.transform((pairs): Readonly<Record<string, string>> => Object.fromEntries(pairs)),
    ),
  }),
  checksums: v.object({ md5: v.exactOptional(v.string()), sha256: v.exactOptional(v.string()) }),
}

export const storeKept = ({ attributes, checksums }: Kept) => ({
  attributes: { ...attributes, metadata: Object.entries(attributes.metadata) },
  checksums,
})

const storedAttributes = v.object({ path: v.string(), ...keptEntries })

export const defaultAttributes = (file: string): Attributes => ({
  contentType: contentTypeByName(file) ?? unknownContentType,
  metadata: {},
})

/** Whether the file's name tells all that is to be kept. */
export function isToldByName(file: string, { attributes, checksums }: Kept): boolean {
  const { contentType, metadata, ...others } = attributes
  return (
    contentType === defaultAttributes(file).contentType &&
    Object.keys(metadata).length === 0 &&
    [...Object.values(others), ...Object.values(checksums)].every((value) => value === undefined)
  )
}

/** What `putFile` and its like return: of what `getFile` tells, all that reading the file does not change. */
export function writtenFile(place: Place, stats: BigIntStats, { attributes, checksums }: Kept): WrittenFile {
  return {
    container: place.container,
    name: place.file,
    size: Number(stats.size),
    mtime: dateOf(stats.mtimeMs),
    // Copies of a tree keep the time of change, but can't keep that of creation.
    ...(stats.birthtimeNs > 0n && stats.birthtimeNs <= stats.mtimeNs ? { created: dateOf(stats.birthtimeMs) } : {}),
    etag: etagOf(stats),
    ...withoutUndefined(attributes),
    checksums: withoutUndefined(checksums),
  }
}

export const fileInfo = (place: Place, stats: BigIntStats, known: Kept): FileInfo => ({
  ...writtenFile(place, stats, known),
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

  /** `undefined` when none are kept for the version, or what is kept can't be read. */
  async find(place: Place, stats: VersionFacts): Promise<Kept | undefined> {
    using directory = await this.#directories.hold(path(place.container))
    if (directory === undefined) return undefined
    try {
      return decode(await this.#directories.direct.readText(directory.at(entryOf(place, stats))))
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
  }

  /**
   * Keeps them for a version that is about to appear; false when something is kept for it already, which may be for what another process
   * is about to make.
   */
  async save(place: Place, stats: VersionFacts, kept: Kept, lease: Lease): Promise<boolean> {
    using directory = await this.#directories.make(path(place.container), 0)
    if (directory === undefined) throw rootMissing()
    const { direct } = this.#directories
    const entry = entryOf(place, stats)
    const content = Buffer.from(JSON.stringify({ path: pathOf(place), ...storeKept(kept) }))
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
      await discardIfThere(lease, directory.at(entry))
      throw error
    }
  }

  /** As {@link save}, for a version that exists and is about to appear at another place: what was left there is of no use. */
  async replace(place: Place, stats: VersionFacts, kept: Kept, lease: Lease): Promise<void> {
    if (await this.save(place, stats, kept, lease)) return
    await this.remove(place, stats, lease)
    if (await this.save(place, stats, kept, lease)) return
    throw new StorageError('UNAVAILABLE', 'attributes of the file appear that no lock protects')
  }

  /** Removes what is kept for a version that is gone, if there is anything. */
  async remove(place: OnDisk, stats: VersionFacts, lease: Lease): Promise<void> {
    if (!mayHaveAttributes(stats)) return
    using directory = await this.#directories.hold(path(place.container))
    if (directory === undefined) return
    await discardIfThere(lease, directory.at(entryOf(place, stats)))
  }

  /** Removes what is kept for versions of the file other than this one. */
  async removeOthers(place: OnDisk, present: VersionFacts | undefined, lease: Lease): Promise<void> {
    using directory = await this.#directories.hold(path(place.container))
    if (directory === undefined) return
    const [folder, prefix] = shelfOf(place)
    const stays = present === undefined ? undefined : `${prefix}-${versionOf(present)}`
    for (const entry of await readdirIfThere(directory.at(folder))) {
      if (entry.startsWith(prefix) && entry !== stays) await discardIfThere(lease, directory.at(`${folder}/${entry}`))
    }
  }

  /** All versions of a container's files for which something is kept, in no order; old unreadable entries are removed. */
  async *keptVersions(container: string): AsyncGenerator<{ readonly path: string; readonly version: string }> {
    using directory = await this.#directories.hold(path(container))
    if (directory === undefined) return
    for (const folder of await readdirIfThere(directory.here)) {
      for (const entry of await readdirIfThere(directory.at(folder))) {
        const file = directory.at(`${folder}/${entry}`)
        const stored = parse(await readFile(file, 'utf8').catch(() => ''))
        // Being written just now, unless it is older than any write takes.
        if (stored !== undefined) yield { path: stored.path, version: entry.slice(entry.indexOf('-') + 1) }
        else if (await isOld(file)) await unlink(file).catch(ignoreFailure)
      }
      await rmdir(directory.at(folder)).catch(ignoreFailure)
    }
  }
}

const oldMilliseconds = 3_600_000

const isOld = async (file: string): Promise<boolean> => {
  const stats = await lstatIfThere(file)
  return stats !== undefined && Date.now() - Number(stats.mtimeMs) > oldMilliseconds
}

export const attributesPath = [bookkeeping, 'attributes']
const path = (container: string): string[] => [...attributesPath, container]

function shelfOf(place: OnDisk): [folder: string, prefix: string] {
  const digest = hash('sha256', pathOf(place))
  return [digest.slice(0, 2), digest.slice(2)]
}

function entryOf(place: OnDisk, stats: VersionFacts): string {
  const [folder, prefix] = shelfOf(place)
  return `${folder}/${prefix}-${versionOf(stats)}`
}

async function discardIfThere(lease: Lease, path: string): Promise<void> {
  try {
    await lease.discard(path)
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
}

/** `undefined` when there is such an entry. */
async function openNew(direct: DirectCalls, directory: Directory, entry: string): Promise<number | undefined> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
  for (let tries = 1; ; tries++) {
    try {
      return await direct.open(directory.at(entry), flags, 0o666)
    } catch (error) {
      if (errno(error) === 'EEXIST') return undefined
      if (errno(error) !== 'ENOENT' || tries === maxTries) throw error
    }
    await mkdir(directory.at(entry.slice(0, 2))).catch((error: unknown) => {
      if (errno(error) !== 'EEXIST') throw error
    })
  }
}

/** How often a folder is made again that the cleaner finds empty at the same moment. */
const maxTries = 100

const decode = (json: string): Kept | undefined => {
  const stored = parse(json)
  return stored === undefined ? undefined : { attributes: stored.attributes, checksums: stored.checksums }
}

const parse = (json: string): v.InferOutput<typeof storedAttributes> | undefined => parseStored(storedAttributes, json)

/** What one of our own files says; `undefined` when it is not whole. */
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
