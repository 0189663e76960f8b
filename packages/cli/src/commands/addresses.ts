/**
 * The operands of commands: `name:container/file` in a data source, a local path, or `-`.
 */
import { UsageFailure } from '../failures/failures.js'

/** `name:`, `name:container` or `name:container/file`. */
export interface Address {
  readonly kind: 'storage'
  readonly text: string
  readonly source: string
  readonly container: string | undefined
  /** Empty for the whole container. */
  readonly file: string
}

export interface LocalPath {
  readonly kind: 'local'
  readonly text: string
  readonly path: string
}

/** `-`: standard input or output. */
interface StandardStream {
  readonly kind: 'standard'
  readonly text: string
}

export type Operand = Address | LocalPath | StandardStream

/**
 * Parses an operand. An address has a colon, and neither a slash nor a backslash before it, so
 * `./a:b` is a local file. On Windows, a letter followed by a colon and a slash or backslash is a
 * drive.
 */
export function parseOperand(text: string, platform: NodeJS.Platform = process.platform): Operand {
  if (text === '') throw new UsageFailure('an empty argument is neither an address nor a path')
  if (text === '-') return { kind: 'standard', text }
  const match = /^([^:/\\]+):([^/]*)(?:\/(.*))?$/su.exec(text)
  if (match === null || (platform === 'win32' && /^[A-Za-z]:[\\/]/.test(text)))
    return { kind: 'local', text, path: text }
  const [, source = '', container = '', file = ''] = match
  if (container === '' && match[3] !== undefined) {
    throw new UsageFailure(`"${text}" has no container (expected ${source}:container/file)`)
  }
  return { kind: 'storage', text, source, container: container === '' ? undefined : container, file }
}

/** Parses an address. Throws `UsageFailure`, which shows the form, for any other operand. */
export function parseAddress(text: string): Address {
  const operand = parseOperand(text)
  if (operand.kind === 'storage') return operand
  throw new UsageFailure(`"${text}" is not an address in a data source (expected name:container/file)`)
}

/** Whether the address is a container or folder, not a file. */
export const isFolder = ({ file }: Address) => file === '' || file.endsWith('/')

/** Returns the prefix of all files below an address. */
export const folderPrefix = (file: string) => (file === '' || file.endsWith('/') ? file : `${file}/`)

export const addressOf = (source: string, container: string, file = '') => `${source}:${container}/${file}`
