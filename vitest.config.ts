import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*'],
    // The suites wait for their servers most of the time, so that two share even a small machine well.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ['default', './scripts/report-counts.ts'],
  },
})
