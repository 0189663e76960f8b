import { defineProject } from 'vitest/config'

export default defineProject({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // Most tests start a process, and some a browser.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    globalSetup: ['@stowage/test-servers/global-setup', 'test/browser/global-setup.ts'],
    provide: { servers: ['ceph', 'nginx'] },
  },
})
