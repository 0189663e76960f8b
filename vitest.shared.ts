import { availableParallelism } from 'node:os'

/**
 * Settings that every project has in common. vitest passes no settings from the root configuration to
 * projects with a configuration file, and its own default on two processors is one worker.
 */
export const shared = {
  include: ['test/**/*.test.ts'],
  environment: 'node',
  // Suites spend part of their time waiting for servers, so there is work for one more than the processors.
  maxWorkers: availableParallelism() + 1,
  // Only for tests that hang: a busy machine can take ten times as long as an idle one.
  testTimeout: 600_000,
  hookTimeout: 600_000,
  expect: { poll: { timeout: 60_000 } },
}
