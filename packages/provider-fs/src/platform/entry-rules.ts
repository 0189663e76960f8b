/** Which names the entries of a directory can have, beyond the rules that all systems share. */
export interface EntryRules {
  /** Matches every name of a file that has anything to escape or a segment that may be too long. */
  readonly maybeEscaped: RegExp
  /** Returns whether an entry is its own text. Returns false in case of doubt. */
  isPlain(entry: string): boolean
  /** Escapes what an entry cannot contain. */
  escape(entry: string): string
  /** Reverses {@link escape}. Other text than that of `escape` may have any result. */
  unescape(entry: string): string
  /**
   * Returns whether no entry may begin like this, which matters where a long segment is divided.
   */
  isReserved(rest: string): boolean
  /** Bytes of the shortest directory that represents the beginning of a long segment. */
  readonly minContinuedBytes: number
}

/** Linux and macOS, where only `/` and NUL are special. */
export const posixEntries: EntryRules = {
  maybeEscaped: /^\/|\/$|\/\/|[\0%]|(?:^|\/)\.{1,2}(?:\/|$)|[^/]{86}/,
  isPlain: (entry) => !entry.includes('%'),
  escape: (entry) => entry,
  unescape: (entry) => entry,
  isReserved: () => false,
  minContinuedBytes: 252,
}
