import { defineProject } from 'vitest/config'

export default defineProject({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    globalSetup: ['@stowage/test-servers/global-setup'],
    provide: { servers: ['azurite'] },
    testTimeout: 30_000,
  },
})
