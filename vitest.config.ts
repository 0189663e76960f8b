import { defineConfig } from 'vitest/config'
import { shared } from './vitest.shared.ts'

export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', 'tests/*'],
    maxWorkers: shared.maxWorkers,
    reporters: ['default', './scripts/report-counts.ts'],
  },
})
