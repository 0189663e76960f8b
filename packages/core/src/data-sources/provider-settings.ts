/**
 * The settings of each provider with a name. They are declared here, because an application that
 * uses a provider's name does not import its package, and the compiler must still check the
 * settings.
 */
import type { Capabilities } from '../contract/capabilities.js'
import type { SignedUrlSettings } from '../kit/url-signer.js'

/** A data source's settings by provider name, without the common ones. */
export interface ProviderSettings {
  amazon: AmazonSettings
  azure: AzureSettings
  filesystem: FilesystemSettings
  memory: MemorySettings
  openstack: OpenStackSettings
  rackspace: RackspaceSettings
}

export type ProviderName = keyof ProviderSettings

/** Settings of `@stowage/provider-fs`. */
export interface FilesystemSettings {
  /** The directory that contains the containers, relative to the `datasources.json`. */
  readonly root: string
  /** Creates the root and its parent directories if missing. Default: false. */
  readonly createRoot?: boolean | undefined
  /** Makes every confirmed write survive a loss of power. Default: false. */
  readonly fsync?: boolean | undefined
  /** Bytes per read or write of a large file, 4 KiB to 64 MiB. Default: 1 MiB. */
  readonly chunkSize?: number | undefined
  /** Signed URLs, which the router serves. Default: none. */
  readonly signedUrls?: SignedUrlSettings | undefined
}

/** Settings of `@stowage/provider-memory`. */
export interface MemorySettings {
  /** Capabilities that replace the provider's own, each as a whole. */
  readonly capabilities?: MemoryCapabilities | undefined
  /** Signed URLs, which the router serves. Default: none. */
  readonly signedUrls?: SignedUrlSettings | undefined
}

type MemoryCapabilities = {
  readonly [Name in
    | 'containerNames'
    | 'maxPageSize'
    | 'maxFileSize'
    | 'maxPutSize'
    | 'streamingPut'
    | 'parts'
    | 'conditions']?: Capabilities[Name] | undefined
} & { readonly checksums?: ('md5' | 'sha256')[] | undefined }

/** Settings of `@stowage/provider-s3`. `key` and `keyId` are given together. */
export interface AmazonSettings {
  /** The secret access key. */
  readonly key?: string | undefined
  /**
   * The access key's id. Without `key` and `keyId`, the SDK's credential chain applies:
   * environment, profiles, SSO, the machine's role.
   */
  readonly keyId?: string | undefined
  /** The session token of temporary `key` and `keyId`. */
  readonly sessionToken?: string | undefined
  /** The profile in the shared configuration files. */
  readonly profile?: string | undefined
  /** Default: the region of the environment or the profile; with an `endpoint`, `us-east-1`. */
  readonly region?: string | undefined
  /** A service other than Amazon, as `https://host[:port]`. */
  readonly endpoint?: string | undefined
  /** Puts the container in the path instead of the host name. Default: true with an `endpoint`. */
  readonly forcePathStyle?: boolean | undefined
  readonly useAccelerateEndpoint?: boolean | undefined
  readonly useDualstackEndpoint?: boolean | undefined
  readonly useFipsEndpoint?: boolean | undefined
  /**
   * The writes on which the service checks conditions. Default: `all` on Amazon, `puts` with an
   * `endpoint`.
   */
  readonly conditionalWrites?: 'all' | 'puts' | false | undefined
  /** Whether the service checks conditions of deletions. Default: true on Amazon. */
  readonly conditionalRemovals?: boolean | undefined
  /**
   * Whether the service verifies and stores checksums (CRC32, CRC32C, SHA-256). Default: true on
   * Amazon.
   */
  readonly checksums?: boolean | undefined
  /**
   * Whether the service rejects unsigned `x-amz-` headers in requests with a signed URL. Default:
   * true on Amazon.
   */
  readonly sealedUrls?: boolean | undefined
  readonly directUploads?: boolean | undefined
  /** Maximum size of a file's metadata, in bytes. Default: 2,048, as on Amazon. */
  readonly maxMetadataBytes?: number | undefined
  /** Maximum number of concurrent connections; further requests wait. Default: 128. */
  readonly maxConnections?: number | undefined
  /** Milliseconds to open a connection. Default: 10,000. */
  readonly connectTimeout?: number | undefined
  /** Milliseconds without data after which a connection counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
  /** Bytes: larger files are copied in parts. Default and maximum: 5 GiB. */
  readonly maxCopySize?: number | undefined
  /** The customer's encryption key for files (SSE-C): 32 bytes in Base64. */
  readonly SSECustomerKey?: string | undefined
}

/**
 * Settings of `@stowage/provider-azure`: an account with a key, a signature or a credential, or a
 * connection string.
 */
export interface AzureSettings {
  /** The account's name. */
  readonly storageAccount?: string | undefined
  /** One of the account's two keys, in Base64. */
  readonly storageAccessKey?: string | undefined
  /**
   * A connection string from the portal, with a key or a shared access signature. Replaces all
   * other settings.
   */
  readonly connectionString?: string | undefined
  /**
   * A shared access signature for the account or one container, with or without the question mark.
   */
  readonly sas?: string | undefined
  /** The blob service's URL. Default: `https://<storageAccount>.blob.core.windows.net`. */
  readonly endpoint?: string | undefined
  /** Milliseconds without data after which a connection counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
  /** Only from code: a credential of `@azure/identity`, or another object with this method. */
  readonly credential?:
    | {
        getToken(
          scopes: string | string[],
          options?: object,
        ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>
      }
    | undefined
}

/**
 * Settings of `@stowage/provider-openstack`: a user with a password, or an application credential.
 */
export interface OpenStackSettings {
  /** The user's name; alternatively `userId`. */
  readonly username?: string | undefined
  readonly userId?: string | undefined
  readonly password?: string | undefined
  /** Replaces user, password and project. Requires Keystone 3. */
  readonly applicationCredentialId?: string | undefined
  readonly applicationCredentialSecret?: string | undefined
  /** Keystone's URL, with or without `/v3` or `/v2.0` at the end. */
  readonly authUrl: string
  /** Default: the version at the end of `authUrl`, or else `v3`. */
  readonly keystoneAuthVersion?: 'v2.0' | 'v3' | undefined
  /** The user's domain. Default for a user's name: the domain with the id `default`. */
  readonly domainId?: string | undefined
  readonly domainName?: string | undefined
  /** The project (formerly tenant), by id or by name. Default: the user's default project. */
  readonly projectId?: string | undefined
  readonly projectName?: string | undefined
  readonly tenantId?: string | undefined
  readonly tenantName?: string | undefined
  /** The domain of a project that is given by name. Default: the user's domain. */
  readonly projectDomainId?: string | undefined
  readonly projectDomainName?: string | undefined
  /** Default: the only region of the catalogue. */
  readonly region?: string | undefined
  /** Uses the endpoint for machines inside the provider's network. Default: false. */
  readonly useInternal?: boolean | undefined
  /**
   * The account's key for signed URLs. Default: the account's existing key, which is created if
   * missing.
   */
  readonly tempUrlKey?: string | undefined
  /** Milliseconds without data after which a connection counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
}

/** Settings of `@stowage/provider-rackspace`. */
export interface RackspaceSettings {
  readonly username: string
  readonly apiKey: string
  /** A region such as `DFW`, `ORD` or `LON`. Default: the user's region. */
  readonly region?: string | undefined
  /** Default: Rackspace's URL. */
  readonly authUrl?: string | undefined
  /** Uses the endpoint in Rackspace's network, where traffic is free. Default: false. */
  readonly useInternal?: boolean | undefined
  /**
   * The account's key for signed URLs. Default: the account's existing key, which is created if
   * missing.
   */
  readonly tempUrlKey?: string | undefined
  /** Milliseconds without data after which a connection counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
}
