/**
 * The conformance harness's `breakService` for a service over HTTP.
 *
 * @param endpoint The service's URL. Without one, such as for Amazon itself, the result is empty.
 * @param create Creates a provider for another URL.
 */
import { freePort } from '../hosting/ports.js'
import { type Fault, httpResponse, startTcpProxy } from './tcp-proxy.js'

/** More connections than a case makes. */
const connections = 1000

export function breakServiceAt<Provider>(endpoint: string | undefined, create: (endpoint: string) => Provider) {
  if (endpoint === undefined) return {}
  const movedTo = (origin: string) => create(endpoint.replace(new URL(endpoint).origin, origin))
  const behindProxy = (fault: Fault) => async () => {
    const proxy = await startTcpProxy(endpoint)
    proxy.failNext(...Array.from({ length: connections }, () => fault))
    return movedTo(proxy.endpoint)
  }
  return {
    unreachable: async () => movedTo(`http://127.0.0.1:${await freePort()}`),
    silent: behindProxy({ kind: 'stall', afterBytes: 0 }),
    busy: behindProxy(httpResponse(503, { 'Retry-After': '1' })),
  }
}
