/**
 * The suite's one entry: every case becomes a test of the runner that is passed in.
 */
import { allCategories } from './categories.js'
import type { ConformanceHarness, TestRunner } from './harness.js'
import { ConformanceReport } from './report.js'
import { ConformanceRun } from './run.js'

/** Milliseconds: only for a case that hangs. A busy machine can take ten times as long as an idle one. */
const timeout = 600_000

/**
 * Registers the suite: one `describe` for each category, one `it` for each case, with a title that begins with the case's
 * id. A case that the provider's capabilities rule out is registered as its refusal, or else as skipped, and its title names the capability.
 * Cases run one after the other. The last test, `Z.1`, ends the run: it destroys what cases have shared, closes all
 * handles, and fails when a container is left.
 *
 * With the environment variable `STOWAGE_CONFORMANCE_REPORT` set to a directory, the result is written there as
 * `<name>.json` (see {@link ConformanceResult}).
 *
 * @param name The provider's name, for titles and the report.
 */
export function registerConformance({ describe, it }: TestRunner, name: string, harness: ConformanceHarness): void {
  const report = new ConformanceReport(name, harness.server)
  const run = new ConformanceRun(harness, report)
  const { capabilities } = run.provider
  describe(`${name} conforms to the storage contract`, () => {
    for (const [letter, category] of Object.entries(allCategories)) {
      describe(`${letter}. ${category.title}`, () => {
        for (const tested of category.cases.toSorted((a, b) => numberOf(a.id) - numberOf(b.id))) {
          const title = `${tested.id} ${tested.name}`
          const ruledOut = tested.needs?.(capabilities)
          const { refused } = tested
          if (ruledOut === undefined) {
            it(title, { timeout }, () => run.runCase(tested, tested.run))
          } else if (refused !== undefined) {
            const act = () => run.runCase(tested, refused, ruledOut)
            it(`${title} — refused: ${ruledOut}`, { timeout }, act)
          } else {
            report.add(tested, 'ruled out', 0, ruledOut)
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

/** A category's cases may come from several files; titles are in the order of their numbers. */
const numberOf = (id: string) => Number(id.slice(id.indexOf('.') + 1))
