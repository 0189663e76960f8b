import { PkgcloudSignIn } from '@stowage/swift'
import type { RackspaceSettings } from './settings.js'

/** Rackspace's identity service, for accounts of all regions. */
const defaultAuthUrl = 'https://identity.api.rackspacecloud.com'

/** Makes the sign-in to Rackspace from the settings. */
export function signInWith({ username, apiKey, region, authUrl, useInternal }: RackspaceSettings): PkgcloudSignIn {
  const url = (authUrl ?? defaultAuthUrl).replace(/\/+$/, '').replace(/\/v2\.0$/, '')
  return new PkgcloudSignIn({ identity: 'rackspace', credentials: { url, username, apiKey }, region, useInternal })
}
