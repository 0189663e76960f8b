import { defineConfig } from 'vitest/config'
import { LongestFirst } from './scripts/longest-first.ts'
import { shared } from './vitest.shared.ts'

export default defineConfig({
  test: {
    projects: ['packages/*', 'packages/rest-express/vitest.fetch.config.ts', 'apps/*', 'tests/*'],
    maxWorkers: shared.maxWorkers,
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './scripts/report-counts.ts'],
  },
})
