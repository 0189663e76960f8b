import type { PathLike } from 'node:fs'
import type { EntryRules } from './entry-rules.js'

/** The calls and properties of an operating system, with the behaviour of Linux. */
export interface Platform {
  /** What the entries of directories can be named. */
  readonly entries: EntryRules
  /** A pattern for the names of containers, in addition to the rule that all systems share. */
  readonly containerPattern: string
  /** The same as text, at the end of a sentence. */
  readonly containerRule: string
  /**
   * Whether an open file can neither be replaced by a rename, nor its directory moved. Its name can
   * be moved and deleted on all systems.
   */
  readonly openFilesBlock: boolean
  /** Whether a file may also be found under a short name (`LONGNA~1.TXT`). */
  readonly hasShortNames: boolean

  /** Returns the path without symbolic links, as its parts are spelled on the disk. */
  realpath(path: string): Promise<string>
  open(path: PathLike, flags: number, mode?: number): Promise<number>
  /**
   * Opens a file for reading, unless the path is a symbolic link: then fails with `ELOOP`.
   *
   * @param setsTime Whether the caller also sets the file's time.
   */
  openForReading(path: string, setsTime: boolean): Promise<number>
  rename(from: PathLike, to: PathLike): Promise<void>
  /** Same as {@link rename}, but fails at once if another program has a file open. */
  renameNow(from: string, to: string): Promise<void>
  link(from: string, to: string): Promise<void>
  mkdir(path: string): Promise<void>
  rmdir(path: PathLike): Promise<void>
  unlink(path: PathLike): Promise<void>
  /**
   * Deletes a file whose name is free at once, even if the file is open.
   *
   * @param spare A name on the same volume that the file may have until it is closed.
   */
  unlinkNow(path: PathLike, spare: PathLike): Promise<void>
  /** Makes the entries of a directory survive a loss of power, as far as the system can. */
  syncDirectory(path: string): Promise<void>

  /** Creates a mark: an entry with a short text, which exists with its text or not at all. */
  makeMark(text: string, path: string): Promise<void>
  /** Returns a mark's text, or `undefined` if there is no mark. */
  readMark(path: string): Promise<string | undefined>
  /** Same as {@link readMark}, synchronously. */
  readMarkNow(path: string): string | undefined
  /** Sets a mark's modification time. */
  touchMark(path: string, time: Date): Promise<void>
}
