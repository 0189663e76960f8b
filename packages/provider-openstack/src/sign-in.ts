import { PkgcloudSignIn, type PkgcloudSignInOptions } from '@stowage/swift'
import type { OpenStackSettings } from './settings.js'

/** Makes the sign-in to Keystone from the settings. */
export function signInWith(given: OpenStackSettings): PkgcloudSignIn {
  const [, url = given.authUrl, path] = /^(.*?)(?:\/(v3|v2\.0)(?:\/auth)?(?:\/tokens)?)?\/*$/.exec(given.authUrl) ?? []
  const version = given.keystoneAuthVersion ?? (path === 'v2.0' ? 'v2.0' : 'v3')
  const { region, useInternal, applicationCredentialId: id, applicationCredentialSecret: secret } = given
  const common = { identity: 'openstack', region, useInternal } as const
  if (id !== undefined && secret !== undefined) {
    const credentials = { url, keystoneAuthVersion: 'v3' } as const
    return new PkgcloudSignIn({ ...common, credentials, applicationCredential: { id, secret } })
  }
  const credentials = { url, keystoneAuthVersion: version, ...userOf(given), ...projectOf(given, version) }
  return new PkgcloudSignIn({ ...common, credentials })
}

type Credentials = Partial<PkgcloudSignInOptions['credentials']>

function userOf({ username, userId, password, ...given }: OpenStackSettings): Credentials {
  // An id determines the user's domain. A name does not.
  if (userId !== undefined) return { userid: userId, password }
  return { username, password, ...domainOf(given) }
}

const domainOf = ({ domainId, domainName }: Pick<OpenStackSettings, 'domainId' | 'domainName'>): Credentials =>
  domainName === undefined ? { domainId: domainId ?? 'default' } : { domainName }

function projectOf(given: OpenStackSettings, version: 'v2.0' | 'v3'): Credentials {
  const tenantId = given.projectId ?? given.tenantId
  if (tenantId !== undefined) return { tenantId }
  const tenantName = given.projectName ?? given.tenantName
  if (tenantName === undefined) return {}
  if (version === 'v2.0') return { tenantName }
  const { projectDomainId, projectDomainName } = given
  if (projectDomainId !== undefined) return { tenantName, projectDomainId }
  if (projectDomainName !== undefined) return { tenantName, projectDomainName }
  const { domainId, domainName } = domainOf(given)
  return {
    tenantName,
    ...(domainName === undefined ? { projectDomainId: domainId } : { projectDomainName: domainName }),
  }
}
