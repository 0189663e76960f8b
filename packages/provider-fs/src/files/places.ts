/**
 * Where a file is: its name in the contract, and its path on the disk.
 */
import type { FileLocation } from '@stowage/core/provider'
import { foldName } from '../disk/folding.js'
import type { Lock } from '../disk/lines.js'
import { lockName } from '../disk/locks.js'
import { diskSegments } from '../names.js'

export interface Place {
  readonly container: string
  readonly file: string
  /** The directory that holds the file, from the root: the container first. */
  readonly directory: readonly string[]
  /** The file's own entry in that directory. */
  readonly entry: string
}

/** A place whose name nobody has asked for. */
export type OnDisk = Pick<Place, 'container' | 'directory' | 'entry'>

export function placeOf(container: string, file: string): Place {
  const segments = diskSegments(file)
  const entry = segments.pop() ?? ''
  return { container, file, directory: [container, ...segments], entry }
}

export const placeAt = ({ container, file }: FileLocation): Place => placeOf(container, file)

/** The path from the root. */
export const pathOf = (place: OnDisk): string => [...place.directory, place.entry].join('/')

/** Where a path from the root is. */
export function placeOfPath(path: string): OnDisk | undefined {
  const segments = path.split('/')
  const entry = segments.pop()
  const [container] = segments
  return container === undefined || entry === undefined ? undefined : { container, directory: segments, entry }
}

/** On a volume that folds case, names that are the same file have the same lock; elsewhere they share it without need. */
export const lockOf = (place: OnDisk, verb: 'put' | 'leave' = 'put'): Lock => ({
  name: lockName(foldName(pathOf(place))),
  note: `${verb} ${pathOf(place)}`,
})

/** What the note of a file's lock says: `leave` when the file is moved away from there. */
export function readNote(note: string): { readonly verb: 'put' | 'leave'; readonly place: OnDisk } | undefined {
  const [, verb, path = ''] = /^(put|leave) (.*)$/s.exec(note) ?? []
  const place = placeOfPath(path)
  return place === undefined || (verb !== 'put' && verb !== 'leave') ? undefined : { verb, place }
}

/** Held while a container is made or destroyed. */
export const containerLock = (container: string): Lock => ({
  name: lockName(foldName(container)),
  note: `container ${container}`,
})

/** The name of the folder that a directory on the way to the file stands for. */
export function ancestorName(place: Place, directory: readonly string[]): string {
  const { file } = place
  for (let end = file.indexOf('/', 1); end !== -1; end = file.indexOf('/', end + 1)) {
    const name = file.slice(0, end)
    if (diskSegments(name).length === directory.length - 1) return name
  }
  return file
}
