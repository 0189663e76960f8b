/** A change to a source file that breaks a provider. */
export interface Mutant {
  /** What the broken provider does. */
  readonly name: string
  /** The end of the source file's path. */
  readonly file: string
  /** Text that occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
}
