/** A change to a source file that breaks a provider. */
export interface Mutant {
  /** What the broken provider does. */
  readonly name: string
  /** The source file's path, from the root of the repository. */
  readonly file: string
  /** Text that occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
  /** The id of the case that must detect the mutant, if it is not any case of the suite. */
  readonly case?: string
  /** Whether the mutant applies to the processes of the suite too, which load the built files. */
  readonly inProcesses?: boolean
}

/** Returns the built file of a source file. */
export const builtFile = (file: string): string => file.replace('/src/', '/dist/').replace(/\.ts$/, '.js')
