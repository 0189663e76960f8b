/**
 * Registers the cases with a test runner.
 */
import { allCategories } from '../cases/categories.js'
import type { ConformanceHarness, TestRunner } from './harness.js'
import { ConformanceReport } from './report.js'
import { ConformanceRun } from './run.js'

/** Milliseconds that the runner adds, so that the suite itself stops a case that hangs. */
const margin = 60_000

/**
 * Registers the suite: one `describe` per category and one `it` per case, whose title starts with
 * the case's id. If the provider's capabilities rule out a case, its rejection is registered
 * instead, or the case is skipped; the title then names the capability. A case is also skipped if
 * the harness lacks its hook. Cases run one after the
 * other. The last test, `Z.1`, ends the run: it destroys what cases shared, closes all provider
 * objects, and fails if a container is left.
 *
 * If the environment variable `STOWAGE_CONFORMANCE_REPORT` is a directory, the result is written
 * there as `<name>.json` (see {@link ConformanceResult}).
 *
 * @param name The provider's name, for titles and the report.
 */
export function registerConformance(
  { describe, it, after }: TestRunner,
  name: string,
  harness: ConformanceHarness,
): void {
  const report = new ConformanceReport(name, harness)
  const run = new ConformanceRun(harness, report)
  const { capabilities } = run.provider
  const timeout = run.timeout + margin
  describe(`${name} conforms to the storage contract`, () => {
    after?.(async () => {
      if (!run.isFinished) await run.finish()
    })
    for (const [letter, category] of Object.entries(allCategories)) {
      describe(`${letter}. ${category.title}`, () => {
        for (const tested of category.cases.toSorted((a, b) => numberOf(a.id) - numberOf(b.id))) {
          const title = `${tested.id} ${tested.name}`
          const ruledOut = tested.needs?.(capabilities, harness)
          const { rejection } = tested
          if (ruledOut === undefined) {
            it(title, { timeout }, () => run.runCase(tested, tested.run))
          } else if (rejection !== undefined) {
            const act = () => run.runCase(tested, rejection, ruledOut)
            it(`${title} — rejected: ${ruledOut}`, { timeout }, act)
          } else {
            report.add(tested, 'skipped', 0, ruledOut)
            it(`${title} — skipped: ${ruledOut}`, { timeout, skip: true }, async () => {})
          }
        }
      })
    }
    describe('Z. End', () => {
      it('Z.1 nothing of the run is left', { timeout }, () => run.finish())
    })
  })
}

/** Cases are registered in the order of their numbers, also if a category has several files. */
const numberOf = (id: string) => Number(id.slice(id.indexOf('.') + 1))
