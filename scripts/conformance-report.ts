/**
 * Writes docs/conformance.md from results of the conformance suite in reports/conformance.
 *
 *     pnpm conformance:report                 runs the suite of every provider
 *     pnpm conformance:report provider-azure  runs those of these packages, keeps other results
 *     pnpm conformance:report --last          runs nothing
 *     pnpm conformance:report --cases         runs nothing, and only updates the lists of cases in
 *                                             packages/core/docs/conformance-cases.md
 *     pnpm conformance:report --check         fails if the pages list other cases than the suite
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { startVitest } from 'vitest/node'
import type { ConformanceResult } from '../packages/core/dist/conformance/index.js'
import { withCases } from './conformance-cases.ts'
import { casesMark, conformancePage } from './conformance-page.ts'

const page = 'docs/conformance.md'
const caseDocument = 'packages/core/docs/conformance-cases.md'
const results = 'reports/conformance'

async function runSuites(packages: readonly string[]): Promise<void> {
  const projects = packages.length > 0 ? packages.map((name) => `packages/${name}`) : ['packages/provider-*']
  if (packages.length === 0) await rm(results, { recursive: true, force: true })
  process.env['STOWAGE_CONFORMANCE_REPORT'] = results
  // Neither of the root's configurations, which each name a part of the projects.
  const filter = ['test/conformance']
  const vitest = await startVitest('test', filter, { watch: false, config: false }, { test: { projects } })
  await vitest.close()
}

async function lastResults(): Promise<ConformanceResult[]> {
  const files = (await readdir(results).catch(() => [])).filter((file) => file.endsWith('.json'))
  if (files.length === 0) throw new Error(`no result in "${results}": run pnpm conformance:report`)
  const texts = await Promise.all(files.toSorted().map((file) => readFile(`${results}/${file}`, 'utf8')))
  return texts.map((text) => JSON.parse(text) as ConformanceResult)
}

const args = process.argv.slice(2)
if (args.includes('--check')) {
  if (!(await readFile(page, 'utf8')).includes(casesMark())) {
    process.stderr.write(`${page} lists other cases than the suite: run pnpm conformance:report\n`)
    process.exitCode = 1
  }
  const document = await readFile(caseDocument, 'utf8')
  if (document !== withCases(document)) {
    process.stderr.write(`${caseDocument} lists other cases than the suite: run pnpm conformance:report --cases\n`)
    process.exitCode = 1
  }
} else if (args.includes('--cases')) {
  await writeFile(caseDocument, withCases(await readFile(caseDocument, 'utf8')))
} else {
  if (!args.includes('--last')) await runSuites(args)
  await writeFile(page, conformancePage(await lastResults()))
}
