/**
 * The configuration from the environment and the command line, checked.
 */
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { hostName } from './allowed-hosts.js'

/** A failed start whose cause the user can fix. Printed as one line, without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

export interface Config {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** Accepted host names in lower case, in addition to addresses and `localhost`. */
  readonly allowedHosts: ReadonlySet<string>
  /** The absolute path of the `datasources.json`. */
  readonly dataSourcesFile: string
  /** The entry that `/api/containers` serves. */
  readonly dataSource: string
  /** Bytes: for data sources without a `maxFileSize`. */
  readonly maxFileSize: number
  /**
   * Whether to start a server for every service that this machine can run, and serve it too:
   * `--all`.
   */
  readonly all: boolean
  /** Processes that serve requests. */
  readonly workers: number
  /** Encrypts the URLs of resumable uploads. Default: the one in a file. */
  readonly uploadSecret: string | undefined
}

const gibibyte = 1024 ** 3
const defaultDataSourcesFile = join(import.meta.dirname, '..', 'datasources.json')

/** An empty variable counts as unset. */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  options: readonly string[],
): Config {
  const unknown = options.find((option) => option !== '--all')
  if (unknown !== undefined) {
    throw new StartError(
      `unknown option ${JSON.stringify(unknown)} (known: --all); other settings are environment variables`,
    )
  }
  const all = options.includes('--all')
  const workers = readWorkers(environment['WORKERS'] || '1')
  if (all && workers > 1) throw new StartError('--all runs in one process: do not set WORKERS with it')
  return {
    all,
    workers,
    uploadSecret: readSecret(environment['UPLOAD_SECRET']),
    host: environment['HOST'] || '127.0.0.1',
    port: wholeNumber('PORT', environment['PORT'] || '3000', 0, 65_535),
    allowedHosts: readAllowedHosts(environment),
    dataSourcesFile: resolve(environment['DATASOURCES'] || defaultDataSourcesFile),
    dataSource: environment['DATASOURCE'] || 'storage',
    maxFileSize: wholeNumber(
      'MAX_FILE_SIZE',
      environment['MAX_FILE_SIZE'] || String(64 * gibibyte),
      1,
      Number.MAX_SAFE_INTEGER,
    ),
  }
}

/** `HOST` itself, and the names in `ALLOWED_HOSTS`, which are separated by commas. */
function readAllowedHosts({ HOST = '', ALLOWED_HOSTS = '' }: Readonly<Record<string, string | undefined>>) {
  const names = [HOST, ...ALLOWED_HOSTS.split(',')].map((name) => name.trim()).filter((name) => name !== '')
  return new Set(
    names.map((name) => {
      const allowed = hostName(name.includes('::') ? `[${name}]` : name)
      if (allowed !== undefined) return allowed
      throw new StartError(`ALLOWED_HOSTS must be host names separated by commas; ${JSON.stringify(name)} is not one`)
    }),
  )
}

function readSecret(text = ''): string | undefined {
  if (text === '') return undefined
  if (text.length >= 32) return text
  throw new StartError('UPLOAD_SECRET must have 32 characters or more')
}

const readWorkers = (text: string): number =>
  text === 'auto' ? availableParallelism() : wholeNumber('WORKERS', text, 1, 1024)

function wholeNumber(variable: string, text: string, minimum: number, maximum: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
    throw new StartError(
      `${variable} must be a whole number from ${minimum} to ${maximum}, not ${JSON.stringify(text)}`,
    )
  }
  return value
}
