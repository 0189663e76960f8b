import { defineProject } from 'vitest/config'

// Real servers and a real directory, on machines that may be busy with other tests.
export default defineProject({ test: { include: ['test/**/*.test.ts'], environment: 'node', testTimeout: 30_000 } })
