import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describeServer } from '@stowage/test-servers'
import { test } from 'vitest'

const installed = fileURLToPath(new URL('../../../node_modules/', import.meta.url))
const script = fileURLToPath(new URL('./children/conformance-run.ts', import.meta.url))
/** Without the variable, so that the result of the suite in Node is not replaced. */
const { STOWAGE_CONFORMANCE_REPORT: _, ...env } = process.env
const isArm = process.arch === 'arm64'

const runtimes = [
  { name: 'Bun', program: `${installed}@oven/bun-linux-${isArm ? 'aarch64' : 'x64'}/bin/bun`, options: [] },
  { name: 'Deno', program: `${installed}@deno/linux-${process.arch}-glibc/deno`, options: ['run', '--allow-all'] },
]

describeServer('ceph', ({ endpoint, region, key, keyId }) => {
  const settings = JSON.stringify({ endpoint, region, key, keyId })
  for (const { name, program, options } of runtimes) {
    // The programs are optional dependencies of the workspace, which exist only for Linux.
    const where = { concurrent: true, skip: !existsSync(program) }
    test(`S3 conforms to the storage contract in ${name} too`, where, async ({ expect }) => {
      const { stdout } = await promisify(execFile)(program, [...options, script, settings], { env })
      const { cases, failures } = JSON.parse(stdout)
      expect(failures).toEqual({})
      expect(cases).toBeGreaterThan(300)
    })
  }
})
