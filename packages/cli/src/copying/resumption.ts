/**
 * What an interrupted copy leaves behind, so that the same command continues it: a small file in
 * the user's state directory for each copy of a large file. It has no secret.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { PartUpload } from '@stowage/core'
import type { Session } from '../commands/command.js'
import { exitCodeOf, exitCodes } from '../failures/exit-codes.js'
import { isSystemError } from '../failures/failures.js'
import { printable } from '../terminal/terminal.js'
import type { Place } from './copy-plan.js'

/** Bytes: smaller files are copied again from their beginning. */
export const resumableFrom = 16 * 1024 * 1024

/** An upload of which the service has some parts. */
export interface UploadRecord {
  readonly kind: 'upload'
  /** Of the source: bytes, and the time of its last change in nanoseconds. */
  readonly size: number
  readonly modified: string
  readonly upload: PartUpload
}

/** A download of which a `.part` file has the first bytes. */
interface DownloadRecord {
  readonly kind: 'download'
  /** Of the source. */
  readonly size: number
  readonly etag: string
  /** The path of the file. */
  readonly part: string
  /** The path that it had before this process took it over. */
  readonly previous?: string
}

interface Records {
  readonly upload: UploadRecord
  readonly download: DownloadRecord
}

/** The record of one copy. */
export class CopyRecord {
  readonly #path: string
  readonly #failed: (error: unknown) => void
  #isWritten = false

  constructor(path: string, failed: (error: unknown) => void) {
    this.#path = path
    this.#failed = failed
  }

  async read<Kind extends keyof Records>(kind: Kind): Promise<Records[Kind] | undefined> {
    try {
      const text = await readFile(this.#path, 'utf8')
      const record: Records[Kind] & { readonly version: number } = JSON.parse(text)
      if (record.version !== version || record.kind !== kind) return undefined
      this.#isWritten = true
      return record
    } catch (error) {
      if (isSystemError(error) || error instanceof SyntaxError) return undefined
      throw error
    }
  }

  /** Whether the same command will find what this one leaves. */
  get isWritten(): boolean {
    return this.#isWritten
  }

  /** Without a record, the copy succeeds all the same, and cannot be continued. */
  async write(record: Records[keyof Records]): Promise<void> {
    const temporary = `${this.#path}.${randomUUID()}`
    try {
      await mkdir(join(this.#path, '..'), { recursive: true, mode: 0o700 })
      await writeFile(temporary, JSON.stringify({ version, ...record }), { mode: 0o600, flag: 'wx' })
      await rename(temporary, this.#path)
      this.#isWritten = true
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined)
      this.#failed(error)
    }
  }

  /** If it fails, the next attempt finds a record of something that is gone, and starts over. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true }).catch(() => undefined)
  }
}

const version = 1

/** Resumable copies of one command. */
export class Resumption {
  /** False with `--no-resume`: every copy starts over. */
  readonly enabled: boolean
  readonly #session: Session
  readonly #dataSourceFile: string
  readonly #kept: string[] = []
  #isWritable = true

  constructor(session: Session, dataSourceFile: string, enabled: boolean) {
    this.#session = session
    this.#dataSourceFile = dataSourceFile
    this.enabled = enabled
  }

  /**
   * The same copy is one of the same source to the same target, with the same file of data
   * sources.
   */
  recordOf(from: Place, to: Place): CopyRecord {
    const { environment, directory } = this.#session
    const places = [from, to].map((place) =>
      place.kind === 'local'
        ? [resolve(directory, place.path)]
        : place.kind === 'storage'
          ? [place.source, place.container, place.file]
          : [],
    )
    const key = createHash('sha256').update(JSON.stringify([this.#dataSourceFile, ...places]))
    const path = join(stateDirectory(environment), 'copies', `${key.digest('hex').slice(0, 32)}.json`)
    return new CopyRecord(path, (error) => this.#cannotWrite(path, error))
  }

  /** Whether what is stored of a copy is of use: the next attempt may succeed. */
  isWorthKeeping(error: unknown): boolean {
    return this.#session.signal.aborted || exitCodeOf(error) === exitCodes.unreachable
  }

  /** Says something about a copy that goes on. */
  notice(name: string, notice: string): void {
    const { terminal, json } = this.#session
    if (json) terminal.sayJson({ name, notice })
    else terminal.say(`stowage: ${printable(`${name}: ${notice}`)}`)
  }

  /** Remembers a copy that the same command continues. */
  keep(name: string, bytes: number, size: number): void {
    this.#kept.push(`${name} (${Math.floor((100 * bytes) / size)} %)`)
  }

  /** Says how to continue the copies that were kept. */
  finish(): void {
    if (this.#kept.length === 0) return
    const { terminal, json } = this.#session
    if (json) terminal.sayJson({ resumable: this.#kept })
    else {
      const names = this.#kept.map(printable).join(', ')
      terminal.say(`stowage: the same command continues ${names}; with --no-resume it starts over`)
    }
  }

  #cannotWrite(path: string, error: unknown): void {
    if (!this.#isWritable) return
    this.#isWritable = false
    const reason = isSystemError(error) ? error.code : String(error)
    this.notice(path, `cannot be written (${reason}): an interrupted copy will start over`)
  }
}

/** Where programs store what should outlast them, and is neither configuration nor cache. */
function stateDirectory({ XDG_STATE_HOME, LOCALAPPDATA }: Session['environment']): string {
  if (XDG_STATE_HOME?.startsWith('/')) return join(XDG_STATE_HOME, 'stowage')
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'stowage')
  return join(homedir(), '.local', 'state', 'stowage')
}
