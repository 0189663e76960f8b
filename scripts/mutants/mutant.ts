/** One way to break a provider. */
export interface Mutant {
  /** What the broken provider does, in words. */
  readonly name: string
  /** The end of the source file's path. */
  readonly file: string
  /** Text that stands in the file once. */
  readonly find: string
  readonly replace: string
}
