import { registerConformance } from '@stowage/core/conformance'
import { bulkThrough, describeServer } from '@stowage/test-servers'
import { describe, it } from 'vitest'
import { OpenStackProvider } from '../src/index.js'
import { leftoversOf } from './leftovers.js'

describeServer(
  'swift',
  ({ authUrl, username, password, projectName, region, userDomainName, projectDomainName, server, local }) => {
    const createProvider = () =>
      new OpenStackProvider({
        authUrl,
        username,
        password,
        projectName,
        region,
        domainName: userDomainName,
        projectDomainName,
      })
    const watcher = createProvider()
    registerConformance({ describe, it }, 'openstack', {
      createProvider,
      leftovers: (run) => leftoversOf(watcher, run),
      server,
      ...bulkThrough(local?.seedUrl),
      secrets: [password],
      cleanUp: () => watcher.close(),
    })
  },
)
