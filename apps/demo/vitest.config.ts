import { defineProject } from 'vitest/config'

export default defineProject({
  // Most tests start a process.
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    testTimeout: 60_000,
    globalSetup: ['@stowage/test-servers/global-setup'],
    provide: { servers: ['ceph'] },
  },
})
