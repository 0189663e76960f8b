import { defineProject } from 'vitest/config'

export default defineProject({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    globalSetup: ['@stowage/test-servers/global-setup'],
    provide: { servers: ['azurite'] },
    // Azurite needs some milliseconds for each request, and a test may make hundreds.
    testTimeout: 60_000,
  },
})
