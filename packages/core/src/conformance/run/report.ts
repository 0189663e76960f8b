/**
 * The result of a run as data, from which the tables of providers are generated.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ConformanceCase } from './case.js'

export type Outcome = 'passed' | 'failed' | 'ruled out'

export interface CaseResult {
  readonly id: string
  readonly name: string
  readonly outcome: Outcome
  /** Milliseconds. */
  readonly duration: number
  /** Why it failed, or the capability that rules it out. */
  readonly reason?: string
}

export type Totals = Readonly<Record<Outcome, number>>

/** The content of the file. */
export interface ConformanceResult {
  readonly name: string
  /** The server of the run, from the harness. */
  readonly server?: string
  readonly totals: Totals
  /** By the letter of the category. */
  readonly categories: Readonly<Record<string, Totals>>
  readonly cases: readonly CaseResult[]
}

export class ConformanceReport {
  readonly #name: string
  readonly #server: string | undefined
  readonly #directory: string | undefined
  readonly #cases: CaseResult[] = []

  /** @param directory Default: `STOWAGE_CONFORMANCE_REPORT`. Without it, nothing is written. */
  constructor(name: string, server?: string, directory = process.env['STOWAGE_CONFORMANCE_REPORT']) {
    this.#name = name
    this.#server = server
    this.#directory = directory === '' ? undefined : directory
  }

  add({ id, name }: ConformanceCase, outcome: Outcome, duration = 0, reason?: string): void {
    this.#cases.push({ id, name, outcome, duration: Math.round(duration), ...(reason === undefined ? {} : { reason }) })
  }

  get result(): ConformanceResult {
    const letters = [...new Set(this.#cases.map(({ id }) => letterOf(id)))]
    return {
      name: this.#name,
      ...(this.#server === undefined ? {} : { server: this.#server }),
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
    const file = path.join(this.#directory, `${this.#name.replaceAll(/[^A-Za-z0-9._-]+/g, '-')}.json`)
    await writeFile(file, `${JSON.stringify(this.result, undefined, 2)}\n`)
  }
}

const letterOf = (id: string) => id.slice(0, id.indexOf('.'))

function totalsOf(cases: readonly CaseResult[]): Totals {
  const count = (outcome: Outcome) => cases.filter((result) => result.outcome === outcome).length
  return { passed: count('passed'), failed: count('failed'), 'ruled out': count('ruled out') }
}
