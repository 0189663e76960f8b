import { defineProject } from 'vitest/config'
import { mutantPlugin } from '../../scripts/mutants/plugin.ts'
import { shared } from '../../vitest.shared.ts'

export default defineProject({
  plugins: mutantPlugin(),
  test: {
    ...shared,
    globalSetup: ['@stowage/test-servers/global-setup'],
    provide: { servers: ['redis'] },
  },
})
