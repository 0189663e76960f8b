import { defineProject } from 'vitest/config'
import { shared } from '../../vitest.shared.ts'
import { runsAll } from './src/runtimes.ts'

export default defineProject({
  test: {
    ...shared,
    include: [runsAll ? 'test/*.test.ts' : 'test/{filesystem,s3}.test.ts'],
    globalSetup: ['@stowage/test-servers/global-setup'],
    provide: { servers: runsAll ? ['ceph', 'azurite', 'swift', 'rackspace'] : ['ceph'] },
  },
})
