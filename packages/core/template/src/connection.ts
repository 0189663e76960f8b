/** The context of all calls. */
import { ServiceClient } from './service.js'
import type { MySettings } from './settings.js'

export class Connection {
  readonly client: ServiceClient

  constructor({ endpoint }: MySettings) {
    this.client = new ServiceClient(endpoint)
  }
}
