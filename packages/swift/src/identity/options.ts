/** What pkgcloud's identities take. Declared here, since what applications compile must not lead to `#pkgcloud`. */
export interface IdentityOptions {
  /** The identity service's URL, without a version in its path. */
  url: string
  /** Keystone's: `v2.0` or `v3`. */
  keystoneAuthVersion?: 'v2.0' | 'v3'
  username?: string
  userid?: string
  password?: string
  /** Rackspace's. */
  apiKey?: string
  tenantId?: string
  tenantName?: string
  domainId?: string
  domainName?: string
  projectDomainId?: string
  projectDomainName?: string
}
