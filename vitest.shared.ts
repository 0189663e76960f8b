import { availableParallelism } from 'node:os'

/**
 * Settings of every project. vitest passes no settings from the root configuration to projects with
 * a configuration file, and its default on two processors is one worker.
 */
export const shared = {
  include: ['test/**/*.test.ts'],
  environment: 'node',
  // One worker more than processors, because suites spend part of their time waiting for servers.
  maxWorkers: availableParallelism() + 1,
  // Only for tests that hang: a busy machine can take ten times as long as an idle one.
  testTimeout: 600_000,
  hookTimeout: 600_000,
  expect: { poll: { timeout: 60_000 } },
}
