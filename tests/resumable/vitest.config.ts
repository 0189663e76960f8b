import { defineProject } from 'vitest/config'
import { shared } from '../../vitest.shared.ts'

export default defineProject({
  test: {
    ...shared,
    globalSetup: ['@stowage/test-servers/global-setup'],
    provide: { servers: ['azurite', 'ceph', 'swift'] },
  },
})
