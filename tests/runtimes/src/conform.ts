import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { runtimes } from './runtimes.ts'

const script = join(import.meta.dirname, 'conformance-run.ts')
/** Without the variable, so that the result of the suite in this Node is not replaced. */
const { STOWAGE_CONFORMANCE_REPORT: _, ...env } = process.env

/** Milliseconds. A busy machine needs ten times as long as an idle one. */
const timeout = 1_800_000

interface Outcome {
  readonly cases: number
  readonly failures: Readonly<Record<string, string>>
}

/** Runs the conformance suite over a provider in each of the other runtimes. */
export function conformEverywhere(provider: string, settings: () => object | Promise<object>): void {
  for (const { name, command } of runtimes) {
    const title = `the provider "${provider}" conforms to the storage contract on ${name}`
    if (typeof command === 'string') {
      test.skip(`${title} — skipped: ${command}`, () => undefined)
      continue
    }
    test(title, { concurrent: true, timeout }, async () => {
      const [program, ...options] = command
      const args = [...options, script, `@stowage/provider-${provider}`, JSON.stringify(await settings())]
      const { stdout } = await promisify(execFile)(program, args, { env })
      const { cases, failures } = JSON.parse(stdout) as Outcome
      expect(failures).toEqual({})
      expect(cases).toBeGreaterThan(300)
    })
  }
}
