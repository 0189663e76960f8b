import { describe, inject, it } from 'vitest'
import { wantedPlacement } from './environment.js'
import type { Endpoint, ServerName, Unavailable } from './servers.js'

/**
 * Tests against a server that the project's configuration names. Where it could not be started the
 * report says why, in place of the tests; with `CI=true` that is a failure, unless
 * `STOWAGE_TEST_SERVERS` is `none`.
 */
export function describeServer<Name extends ServerName>(name: Name, define: (endpoint: Endpoint<Name>) => void): void {
  const endpoint = inject('endpoints')?.[name]
  if (endpoint === undefined) throw new Error(`the project's configuration does not name the server ${name}`)
  describe(name, () => {
    if (isUnavailable(endpoint)) absent(endpoint)
    else define(endpoint as Endpoint<Name>)
  })
}

function absent({ unavailable }: Unavailable): void {
  if (process.env['CI'] === 'true' && wantedPlacement() !== 'none') {
    it('runs', () => {
      throw new Error(unavailable)
    })
  } else {
    it.skip(`did not run: ${unavailable}`)
  }
}

const isUnavailable = (endpoint: object): endpoint is Unavailable => 'unavailable' in endpoint
