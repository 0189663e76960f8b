/**
 * A vitest reporter that ends a run with what was skipped, and why, and with the counts on one line. The line is kept in
 * `reports/counts.txt` as well, for scripts. Tests that were not asked for (`-t`) are none that were skipped.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Reporter, TestModule, Vitest } from 'vitest/node'

export default class CountsReporter implements Reporter {
  #asked: RegExp | undefined

  onInit(vitest: Vitest): void {
    this.#asked = vitest.getGlobalTestNamePattern()
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    const skipped: string[] = []
    for (const module of modules) {
      let failedHere = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'skipped' && this.#asked?.test(test.fullName) === false) continue
        if (state === 'passed' || state === 'failed') counts[state]++
        else counts.skipped++
        if (state === 'failed') failedHere++
        if (state === 'skipped') skipped.push(`${module.project.name}: ${test.fullName}`)
      }
      // A file that does not load, or a hook that fails, has no failed test to show for it.
      if (module.state() === 'failed' && failedHere === 0) counts.failed++
    }
    const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
    mkdirSync('reports', { recursive: true })
    writeFileSync('reports/counts.txt', `${line}\n`)
    const reasons =
      skipped.length === 0 ? '' : `\nSkipped, each with its reason:\n${skipped.map((name) => `  ${name}\n`).join('')}`
    process.stdout.write(`${reasons}\n${line}\n`)
  }
}
