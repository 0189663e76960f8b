import { defineConfig } from 'vitest/config'

/**
 * The providers that do not pass every case of the conformance suite yet, or take too long over it, and the servers that they are
 * tested against: `pnpm test:clouds`. A project moves to vitest.config.ts when it is finished.
 */
export default defineConfig({
  test: {
    projects: ['packages/{swift,provider-openstack,provider-rackspace}'],
    reporters: ['default', './scripts/report-counts.ts'],
  },
})
