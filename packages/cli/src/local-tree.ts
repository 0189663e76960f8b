/**
 * The files below a directory of this machine.
 */
import type { Dirent } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { exitCodes } from './exit-codes.js'
import { CommandFailure } from './failures.js'

export interface LocalFile {
  readonly path: string
  /** With slashes, below the directory. */
  readonly relative: string
}

/**
 * All files below, as the directories are read. Symbolic links are not followed, since they may lead anywhere and in circles; they
 * and what is no file (sockets, pipes) are told of and left out. Empty directories do not count.
 */
export async function* localFiles(
  directory: string,
  onLeftOut: (path: string, reason: string) => void,
  below = '',
): AsyncGenerator<LocalFile> {
  for await (const entry of await opendir(directory)) {
    const path = join(directory, entry.name)
    const relative = `${below}${entry.name}`
    if (entry.isDirectory()) yield* localFiles(path, onLeftOut, `${relative}/`)
    else if (entry.isFile()) yield { path, relative }
    else onLeftOut(path, kindOf(entry))
  }
}

const kindOf = (entry: Dirent) => (entry.isSymbolicLink() ? 'a symbolic link' : 'no regular file')

/** The path that a name has below a directory; a failure when the machine cannot have a file of that name there. */
export function localPath(directory: string, name: string): string {
  const segments = name.split('/')
  const wrong = segments.find(
    (segment) =>
      segment === '' ||
      segment === '.' ||
      segment === '..' ||
      segment.includes('\0') ||
      (sep === '\\' && /[\\:]/.test(segment)),
  )
  if (wrong === undefined) return join(directory, ...segments)
  throw new CommandFailure(
    exitCodes.usage,
    `${JSON.stringify(name)} cannot be a path on this machine, because of its segment ${JSON.stringify(wrong)}`,
  )
}
