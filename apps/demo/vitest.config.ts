import { defineProject } from 'vitest/config'
import { shared } from '../../vitest.shared.ts'

export default defineProject({
  test: {
    ...shared,
    globalSetup: ['@stowage/test-servers/global-setup', 'test/browser/global-setup.ts'],
    provide: { servers: ['ceph', 'azurite', 'swift', 'nginx'] },
  },
})
