import { defineProject } from 'vitest/config'

export default defineProject({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // A server that several suites use at once may take its time.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    globalSetup: ['@stowage/test-servers/global-setup'],
    provide: { servers: ['ceph', 'swift-s3'] },
  },
})
