import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { shared } from '../vitest.shared.ts'

/** What `run-in-containers` runs: the suites whose servers can be had natively and in containers. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    maxWorkers: shared.maxWorkers,
    projects: ['packages/{provider-s3,provider-openstack}'],
    reporters: ['default', './scripts/report-counts.ts'],
  },
})
