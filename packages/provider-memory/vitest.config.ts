import { defineProject } from 'vitest/config'
import { mutantPlugin } from '../../scripts/mutants/plugin.ts'

export default defineProject({
  plugins: mutantPlugin(),
  test: { include: ['test/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
})
