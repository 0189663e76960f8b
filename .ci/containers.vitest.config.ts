import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.shared.ts'

/** The suites of `run-in-containers`: those whose servers run natively and in containers. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    maxWorkers: shared.maxWorkers,
    projects: ['packages/{provider-s3,provider-openstack}'],
    reporters: ['default', './scripts/report-counts.ts'],
  },
})
