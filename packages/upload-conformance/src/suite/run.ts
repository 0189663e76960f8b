/** Runs the cases against a server. */
import { createRequire } from 'node:module'
import type { UploadCase } from './case.js'
import { allCases } from './cases.js'
import { discover, missing } from './offer.js'
import type { TargetOptions } from './options.js'
import { type CaseResult, type SuiteResult, totalsOf } from './result.js'
import { Target } from './target.js'

export interface SuiteOptions extends TargetOptions {
  /** Runs the cases whose ids begin with this, such as `tus/` or `ietf/append/`. Default: all. */
  readonly only?: string | undefined
  /** Called after each case. The next one begins when the promise is settled. */
  readonly onCase?: (result: CaseResult) => void | Promise<void>
}

const { name, version } = createRequire(import.meta.url)('../../package.json') as { name: string; version: string }

/** The texts that the cases follow. */
const specifications = {
  tus: '1.0.0',
  ietf: 'draft-ietf-httpbis-resumable-upload, editors’ copy of July 2026',
} as const

/**
 * Runs the suite against the server at a URL, one case after the other. The URL is the one at which
 * clients create uploads. The uploads of the suite are small (up to 500 kB), and their names begin
 * with `upload-conformance-`. Those that the server can delete are deleted.
 *
 * Rejects only if the server cannot be reached at the start.
 *
 * @example
 * ```ts
 * import { runSuite } from '@stowage/upload-conformance'
 *
 * const { totals, cases } = await runSuite('http://localhost:3000/files', { only: 'tus/' })
 * const failed = cases.filter(({ outcome }) => outcome === 'failed')
 * for (const { id, reason } of failed) console.log(id, reason)
 * ```
 */
export async function runSuite(url: string, options: SuiteOptions = {}): Promise<SuiteResult> {
  const date = new Date().toISOString()
  const offer = await discover(url, options)
  const target = new Target(url, options, offer)
  const cases: CaseResult[] = []
  for (const each of allCases) {
    if (!each.id.startsWith(options.only ?? '')) continue
    const result = await runCase(each, target)
    cases.push(result)
    await options.onCase?.(result)
  }
  const totals = { tus: totalsOf(cases, 'tus'), ietf: totalsOf(cases, 'ietf') }
  return { suite: { name, version }, specifications, url, date, offer, totals, cases }
}

async function runCase(each: UploadCase, target: Target): Promise<CaseResult> {
  const { id, title, level, section, needs } = each
  const about = { id, title, level, section }
  const reason = needs.map((need) => missing(need, target.offer)).find((text) => text !== undefined)
  if (reason !== undefined) return { ...about, outcome: 'refused', reason, milliseconds: 0 }
  const started = performance.now()
  const elapsed = () => Math.round(performance.now() - started)
  try {
    await each.run(target)
    return { ...about, outcome: 'passed', milliseconds: elapsed() }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { ...about, outcome: 'failed', reason: text, milliseconds: elapsed() }
  }
}
