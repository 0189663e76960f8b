import { defineProject } from 'vitest/config'

export default defineProject({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // Bundling everything takes seconds.
    hookTimeout: 60_000,
  },
})
