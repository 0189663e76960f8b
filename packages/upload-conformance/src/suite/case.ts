/** What a case of the suite is. */
import type { Need } from './offer.js'
import type { Target } from './target.js'

/**
 * How binding a case is: what the specification demands (`must`), what it recommends (`should`),
 * and what it does not say, but clients or the safety of their data need (`practice`).
 */
export type Level = 'must' | 'should' | 'practice'

export interface UploadCase {
  /** Protocol, subject and a few words. Never changes and is never used again. */
  readonly id: `${'tus' | 'ietf'}/${string}/${string}`
  readonly title: string
  readonly level: Level
  /** The section of the specification. */
  readonly section: string
  readonly needs: readonly Need[]
  /** Throws if the server does not do what the title says. */
  run(target: Target): Promise<void>
}
