/** The result of a run, as JSON has it. */
import type { Level } from './case.js'
import type { Offer } from './offer.js'

/**
 * - `passed`: the server does what the case expects.
 * - `failed`: it does something else, which `reason` says.
 * - `refused`: the server does not offer what the case needs, which `reason` names. Not a fault.
 */
export type Outcome = 'passed' | 'failed' | 'refused'

export interface CaseResult {
  readonly id: string
  readonly title: string
  readonly level: Level
  /** The section of the specification. */
  readonly section: string
  readonly outcome: Outcome
  readonly reason?: string
  readonly milliseconds: number
}

export type Totals = Readonly<Record<Outcome, number>>

export interface SuiteResult {
  readonly suite: { readonly name: string; readonly version: string }
  /** The texts that the cases follow. */
  readonly specifications: Readonly<Record<'tus' | 'ietf', string>>
  readonly url: string
  /** When the run began, in ISO 8601. */
  readonly date: string
  readonly offer: Offer
  readonly totals: Readonly<Record<'tus' | 'ietf', Totals>>
  readonly cases: readonly CaseResult[]
}

/** Counts the cases of a protocol, or of one level of it. */
export function totalsOf(cases: readonly CaseResult[], protocol: 'tus' | 'ietf', level?: Level): Totals {
  const counted = cases.filter((each) => each.id.startsWith(`${protocol}/`) && (level ?? each.level) === each.level)
  const count = (outcome: Outcome) => counted.filter((each) => each.outcome === outcome).length
  return { passed: count('passed'), failed: count('failed'), refused: count('refused') }
}
