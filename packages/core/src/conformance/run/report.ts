/**
 * The result of a run as data, from which the tables of providers are generated.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { defined } from '../../kit/defined.js'
import { allCategories } from '../cases/categories.js'
import { conformanceBadge } from './badge.js'
import type { ConformanceCase } from './case.js'
import type { ConformanceHarness } from './harness.js'

/**
 * - `rejected`: the capabilities rule the case out, and the suite tested that the operation is
 *   rejected.
 * - `skipped`: the capabilities or a missing hook rule the case out, and nothing was tested.
 */
export type Outcome = 'passed' | 'failed' | 'rejected' | 'skipped'

export interface CaseResult {
  readonly id: string
  readonly name: string
  readonly outcome: Outcome
  /** Milliseconds. */
  readonly duration: number
  /** Why it failed, or the capability or the hook that rules it out. */
  readonly reason?: string
}

export type Totals = Readonly<Record<Outcome, number>>

/**
 * The content of the file. `docs/conformance-result.schema.json` of this package is its JSON
 * schema.
 */
export interface ConformanceResult {
  readonly name: string
  /** The version of the provider's package, from the harness. */
  readonly version?: string
  /** The server of the run, from the harness. */
  readonly server?: string
  /** The version of `@stowage/core`, which has the suite. */
  readonly suite: string
  /** Identifies the list of cases: the SHA-256 of their ids and names. */
  readonly caseList: string
  /** When the run ended, in ISO format. */
  readonly date: string
  /** The version of Node, or of the runtime in its place. */
  readonly node: string
  readonly platform: string
  readonly totals: Totals
  /** By the letter of the category. */
  readonly categories: Readonly<Record<string, Totals>>
  readonly cases: readonly CaseResult[]
}

/** Returns the SHA-256 of the ids and names of all cases, which changes with each of them. */
export function caseListHash(): string {
  const cases = Object.values(allCategories).flatMap((category) => category.cases)
  const lines = cases.map(({ id, name }) => `${id} ${name}`).toSorted()
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

export class ConformanceReport {
  readonly #name: string
  readonly #harness: Pick<ConformanceHarness, 'server' | 'version'>
  readonly #directory: string | undefined
  readonly #cases: CaseResult[] = []

  /** @param directory Default: `STOWAGE_CONFORMANCE_REPORT`. Without it, nothing is written. */
  constructor(
    name: string,
    harness: Pick<ConformanceHarness, 'server' | 'version'>,
    directory = process.env['STOWAGE_CONFORMANCE_REPORT'],
  ) {
    this.#name = name
    this.#harness = harness
    this.#directory = directory === '' ? undefined : directory
  }

  add({ id, name }: ConformanceCase, outcome: Outcome, duration = 0, reason?: string): void {
    this.#cases.push({ id, name, outcome, duration: Math.round(duration), ...defined({ reason }) })
  }

  get result(): ConformanceResult {
    const letters = [...new Set(this.#cases.map(({ id }) => letterOf(id)))]
    const { server, version } = this.#harness
    return {
      name: this.#name,
      ...defined({ version, server }),
      suite: suiteVersion(),
      caseList: caseListHash(),
      date: new Date().toISOString(),
      node: process.version,
      platform: process.platform,
      totals: totalsOf(this.#cases),
      categories: Object.fromEntries(
        letters.map((letter) => [letter, totalsOf(this.#cases.filter(({ id }) => letterOf(id) === letter))]),
      ),
      cases: this.#cases,
    }
  }

  async write(): Promise<void> {
    if (this.#directory === undefined) return
    await mkdir(this.#directory, { recursive: true })
    const file = path.join(this.#directory, this.#name.replaceAll(/[^A-Za-z0-9._-]+/g, '-'))
    const { result } = this
    await writeFile(`${file}.json`, `${JSON.stringify(result, undefined, 2)}\n`)
    await writeFile(`${file}.svg`, conformanceBadge(result))
  }
}

const letterOf = (id: string) => id.slice(0, id.indexOf('.'))

function suiteVersion(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}

function totalsOf(cases: readonly CaseResult[]): Totals {
  const count = (outcome: Outcome) => cases.filter((result) => result.outcome === outcome).length
  return { passed: count('passed'), failed: count('failed'), rejected: count('rejected'), skipped: count('skipped') }
}
