import { defineProject } from 'vitest/config'
import { shared } from '../../vitest.shared.ts'

// No file changes the modules that it imports, so files can share them.
export default defineProject({
  test: {
    ...shared,
    isolate: false,
    globalSetup: ['@stowage/test-servers/global-setup'],
    provide: { servers: ['azurite'] },
  },
})
