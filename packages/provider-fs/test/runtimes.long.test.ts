import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { newDirectory } from './fixture.js'

const installed = fileURLToPath(new URL('../../../node_modules/', import.meta.url))
/** Without the variable, so that the result of the suite in Node is not replaced. */
const { STOWAGE_CONFORMANCE_REPORT: _, ...env } = process.env
const cpu = process.arch === 'arm64' ? { deno: 'arm64', bun: 'aarch64' } : { deno: 'x64', bun: 'x64' }

const runtimes = [
  { name: 'Deno', program: join(installed, `@deno/linux-${cpu.deno}-glibc/deno`), options: ['run', '--allow-all'] },
  { name: 'Bun', program: join(installed, `@oven/bun-linux-${cpu.bun}/bin/bun`), options: [] },
]

for (const { name, program, options } of runtimes) {
  // Optional dependencies of the workspace, which exist only for Linux.
  it.skipIf(!existsSync(dirname(program)))(
    `The filesystem conforms to the storage contract in ${name} too`,
    async () => {
      const script = fileURLToPath(new URL('./children/conformance-run.ts', import.meta.url))
      const { stdout } = await promisify(execFile)(program, [...options, script, await newDirectory()], { env })
      const { cases, failures } = JSON.parse(stdout)
      expect(failures).toEqual({})
      expect(cases).toBeGreaterThan(300)
    },
    600_000,
  )
}
