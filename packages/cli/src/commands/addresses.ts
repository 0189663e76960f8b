/**
 * What commands are told to work on: `name:container/file` in a data source, a path on this machine, or `-`.
 */
import { UsageFailure } from '../failures/failures.js'

/** `name:`, `name:container` or `name:container/file`. */
export interface Address {
  readonly kind: 'storage'
  readonly text: string
  readonly source: string
  readonly container: string | undefined
  /** Empty for the container as a whole. */
  readonly file: string
}

export interface LocalPath {
  readonly kind: 'local'
  readonly text: string
  readonly path: string
}

/** `-`: the standard input or output. */
interface StandardStream {
  readonly kind: 'standard'
  readonly text: string
}

export type Operand = Address | LocalPath | StandardStream

/**
 * An address has a colon, and neither a slash nor a backslash before it, so `./a:b` is a local file. On Windows a letter with
 * a colon and a slash or backslash after it is a drive.
 */
export function parseOperand(text: string, platform: NodeJS.Platform = process.platform): Operand {
  if (text === '') throw new UsageFailure('an empty text is neither an address nor a path')
  if (text === '-') return { kind: 'standard', text }
  const match = /^([^:/\\]+):([^/]*)(?:\/(.*))?$/su.exec(text)
  if (match === null || (platform === 'win32' && /^[A-Za-z]:[\\/]/.test(text)))
    return { kind: 'local', text, path: text }
  const [, source = '', container = '', file = ''] = match
  if (container === '' && match[3] !== undefined) {
    throw new UsageFailure(`${text} names no container: write ${source}:container/file`)
  }
  return { kind: 'storage', text, source, container: container === '' ? undefined : container, file }
}

/** An address, or a failure that says how one is written. */
export function parseAddress(text: string): Address {
  const operand = parseOperand(text)
  if (operand.kind === 'storage') return operand
  throw new UsageFailure(`${text} is no address in a data source: write name:container/file`)
}

/** Whether the address means what is below it, and not one file. */
export const isFolder = ({ file }: Address) => file === '' || file.endsWith('/')

/** What the names of all files below the address begin with. */
export const folderPrefix = (file: string) => (file === '' || file.endsWith('/') ? file : `${file}/`)

export const addressOf = (source: string, container: string, file = '') => `${source}:${container}/${file}`
