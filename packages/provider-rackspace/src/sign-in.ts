import { PkgcloudSignIn } from '@stowage/swift'
import type { RackspaceSettings } from './settings.js'

/** Rackspace's own, for accounts of all regions. */
const defaultAuthUrl = 'https://identity.api.rackspacecloud.com'

/** The sign-in to Rackspace that the settings describe. */
export function signInWith({ username, apiKey, region, authUrl, useInternal }: RackspaceSettings): PkgcloudSignIn {
  const url = (authUrl ?? defaultAuthUrl).replace(/\/+$/, '').replace(/\/v2\.0$/, '')
  return new PkgcloudSignIn({ identity: 'rackspace', credentials: { url, username, apiKey }, region, useInternal })
}
