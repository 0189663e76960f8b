import { defineProject } from 'vitest/config'

export default defineProject({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    globalSetup: ['@stowage/test-servers/global-setup'],
    provide: { servers: ['azurite'] },
    // LoopBack takes seconds to load, and more on machines that are busy with other tests.
    testTimeout: 60_000,
  },
})
