import { defineProject } from 'vitest/config'

export default defineProject({
  // Servers take their time to start, more so while other suites run.
  test: { include: ['test/**/*.test.ts'], environment: 'node', testTimeout: 120_000 },
})
