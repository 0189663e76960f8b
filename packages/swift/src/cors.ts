/**
 * CORS: which pages may send requests to temporary URLs. The parts of large files are in the
 * segments container, which needs the same rules.
 */
import type { CallOptions } from '@stowage/core/provider'
import type { SwiftClient } from './client/client.js'
import { requireContainer } from './containers.js'
import { segmentsContainer } from './mapping/names.js'

const prefix = 'x-container-meta-access-control-'
/** Seconds for which browsers remember a preflight response. */
const maxAge = 3600

export async function allowOrigins(
  client: SwiftClient,
  container: string,
  origins: readonly string[],
  { signal }: CallOptions,
): Promise<void> {
  // An empty value deletes the header.
  const isOn = origins.length > 0
  const headers = {
    [`${prefix}allow-origin`]: origins.join(' '),
    [`${prefix}expose-headers`]: isOn ? 'etag content-range accept-ranges' : '',
    [`${prefix}max-age`]: isOn ? String(maxAge) : '',
  }
  await requireContainer(client, container, signal)
  await client.request({ method: 'POST', container, headers, body: Buffer.alloc(0), signal })
  // Creates the container, or changes the rules of the existing one.
  await client.request({ method: 'PUT', container: segmentsContainer(container), headers, signal })
  client.recentlyMissing.delete(segmentsContainer(container))
}
