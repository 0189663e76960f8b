import { defineConfig } from 'vitest/config'
import { shared } from './vitest.shared.ts'

export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*'],
    maxWorkers: shared.maxWorkers,
    reporters: ['default', './scripts/report-counts.ts'],
  },
})
