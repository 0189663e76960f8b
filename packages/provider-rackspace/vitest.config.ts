import { defineProject } from 'vitest/config'

export default defineProject({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // A whole Swift on a busy machine takes its time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    globalSetup: ['@stowage/test-servers/global-setup'],
    provide: { servers: ['rackspace'] },
  },
})
