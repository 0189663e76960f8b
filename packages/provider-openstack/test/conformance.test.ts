import { registerConformance } from '@stowage/core/conformance'
import { breakServiceAt, bulkThrough, describeServer, openSockets } from '@stowage/test-servers'
import { afterAll, describe, it } from 'vitest'
import { OpenStackProvider } from '../src/index.js'
import { leftoversOf } from './leftovers.js'

describeServer(
  'swift',
  ({ authUrl, username, password, projectName, region, userDomainName, projectDomainName, server, local }) => {
    const settings = {
      authUrl,
      username,
      password,
      projectName,
      region,
      domainName: userDomainName,
      projectDomainName,
    }
    const createProvider = () => new OpenStackProvider(settings)
    const watcher = createProvider()
    registerConformance({ describe, it, after: afterAll }, 'openstack', {
      createProvider,
      otherProcess: { module: new URL('../dist/index.js', import.meta.url).href, settings },
      leftovers: (run) => leftoversOf(watcher, run),
      server,
      ...bulkThrough(local?.seedUrl),
      open: openSockets,
      breakService: {
        ...breakServiceAt(authUrl, (elsewhere) => new OpenStackProvider({ ...settings, authUrl: elsewhere })),
        refused: () => new OpenStackProvider({ ...settings, password: 'wrong' }),
      },
      secrets: [password],
      cleanUp: () => watcher.close(),
    })
  },
)
