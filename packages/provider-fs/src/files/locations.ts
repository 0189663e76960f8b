/** The location of a file: its name in the contract and its path on the disk. */
import type { FileLocation } from '@stowage/core/provider'
import { foldName } from '../disk/folding.js'
import type { Lock } from '../disk/lock-queues.js'
import { lockName } from '../disk/locks.js'
import { diskSegments } from '../mapping/names.js'

export interface DiskLocation {
  readonly container: string
  readonly file: string
  /** The directory of the file, from the root, with the container first. */
  readonly directory: readonly string[]
  /** The file's entry in that directory. */
  readonly entry: string
}

/** A location without the file's name in the contract. */
export type DiskPath = Pick<DiskLocation, 'container' | 'directory' | 'entry'>

export function locationOf(container: string, file: string): DiskLocation {
  const segments = diskSegments(file)
  const entry = segments.pop() ?? ''
  return { container, file, directory: [container, ...segments], entry }
}

export const toLocation = ({ container, file }: FileLocation): DiskLocation => locationOf(container, file)

/** Returns the path from the root. */
export const pathOf = (location: DiskPath): string => [...location.directory, location.entry].join('/')

/** Returns the location of a path from the root. */
export function locationOfPath(path: string): DiskPath | undefined {
  const segments = path.split('/')
  const entry = segments.pop()
  const [container] = segments
  return container === undefined || entry === undefined ? undefined : { container, directory: segments, entry }
}

/**
 * On a volume that folds case, names of the same file have the same lock. On other volumes, they
 * share it without need.
 */
export const lockOf = (location: DiskPath, verb: 'put' | 'leave' = 'put'): Lock => ({
  name: lockName(foldName(pathOf(location))),
  note: `${verb} ${pathOf(location)}`,
})

/** Parses the note of a file's lock. The verb is `leave` if the file is moved away. */
export function readNote(note: string): { readonly verb: 'put' | 'leave'; readonly location: DiskPath } | undefined {
  const [, verb, path = ''] = /^(put|leave) (.*)$/s.exec(note) ?? []
  const location = locationOfPath(path)
  return location === undefined || (verb !== 'put' && verb !== 'leave') ? undefined : { verb, location }
}

/** Held while a container is created or destroyed. */
export const containerLock = (container: string): Lock => ({
  name: lockName(foldName(container)),
  note: `container ${container}`,
})

/** Returns the name of the folder that a directory in the file's path represents. */
export function ancestorName(location: DiskLocation, directory: readonly string[]): string {
  const { file } = location
  for (let end = file.indexOf('/', 1); end !== -1; end = file.indexOf('/', end + 1)) {
    const name = file.slice(0, end)
    if (diskSegments(name).length === directory.length - 1) return name
  }
  return file
}
