/** What the program writes. */

export interface ListedCase {
  readonly title: string
  /** The reason why it does not run, empty if the title has it. */
  readonly skip: string | false
}

export interface CaseResult {
  readonly title: string
  readonly milliseconds: number
  readonly failure?: string
}
