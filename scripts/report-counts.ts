/**
 * A vitest reporter that ends a run with the skipped tests and their reasons, the failed tests, and
 * the counts on one line. The counts are also written to `reports/counts.txt` and the failed tests
 * to `reports/failures.txt`, for scripts, and the seconds of each file to `reports/durations.txt`,
 * the longest first. Tests that `-t` excludes do not count as skipped.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Reporter, TestModule, Vitest } from 'vitest/node'

export default class CountsReporter implements Reporter {
  #pattern: RegExp | undefined

  onInit(vitest: Vitest): void {
    this.#pattern = vitest.getGlobalTestNamePattern()
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly { readonly message?: string; readonly name?: string }[],
  ): void {
    const failures = unhandledErrors.map((error) => `unhandled error: ${firstLine(error)}`)
    const skipped: string[] = []
    let passed = 0
    let pending = 0
    for (const module of modules) {
      const failuresBefore = failures.length
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result()
        const title = `${module.project.name}: ${test.fullName}`
        if (state === 'skipped' && this.#pattern?.test(test.fullName) === false) continue
        if (state === 'passed') passed++
        else if (state === 'failed') failures.push(`${title}: ${firstLine(errors[0])}`)
        else if (state === 'skipped') skipped.push(title)
        else pending++
      }
      // A file that does not load, or a hook that fails, has no failed test.
      if (module.state() === 'failed' && failures.length === failuresBefore)
        failures.push(`${module.project.name}: ${module.relativeModuleId}: ${firstLine(module.errors()[0])}`)
    }
    const counts = `${passed} passed, ${failures.length} failed, ${skipped.length + pending} skipped`
    mkdirSync('reports', { recursive: true })
    writeFileSync('reports/counts.txt', `${counts}\n`)
    writeFileSync('reports/failures.txt', failures.map((failure) => `${failure}\n`).join(''))
    writeFileSync('reports/durations.txt', durations(modules))
    process.stdout.write(
      `${section('Skipped, each with its reason', skipped)}${section('Failed', failures)}\n${counts}\n`,
    )
  }
}

function durations(modules: readonly TestModule[]): string {
  return modules
    .map((module) => ({ module, seconds: module.diagnostic().duration / 1000 }))
    .toSorted((a, b) => b.seconds - a.seconds)
    .map(({ module, seconds }) => `${seconds.toFixed(1)} ${module.project.name} ${module.relativeModuleId}\n`)
    .join('')
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title}:\n${lines.map((line) => `  ${line}\n`).join('')}`
}

function firstLine(error: { readonly message?: string; readonly name?: string } | undefined): string {
  return error?.message?.split('\n', 1)[0] ?? error?.name ?? 'no error was reported'
}
