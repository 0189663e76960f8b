/**
 * The options of pkgcloud's identities. Declared here, because declarations that applications
 * compile must not import `#pkgcloud`.
 */
export interface IdentityOptions {
  /** The identity service's URL, without a version in its path. */
  url: string
  /** Keystone only. */
  keystoneAuthVersion?: 'v2.0' | 'v3'
  username?: string
  userid?: string
  password?: string
  /** Rackspace only. */
  apiKey?: string
  tenantId?: string
  tenantName?: string
  domainId?: string
  domainName?: string
  projectDomainId?: string
  projectDomainName?: string
}
