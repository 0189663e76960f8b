/**
 * What each provider with a name takes as settings. They are here and not in the providers'
 * packages because an application that names its provider imports none of them, and its mistakes
 * are to be found when it is compiled.
 */
import type { Capabilities } from '../contract/capabilities.js'

/**
 * The settings of a data source by the name of its provider, without those that every data source
 * has.
 */
export interface ProviderSettings {
  amazon: AmazonSettings
  azure: AzureSettings
  filesystem: FilesystemSettings
  memory: MemorySettings
  openstack: OpenStackSettings
  rackspace: RackspaceSettings
}

export type ProviderName = keyof ProviderSettings

/** Of `@stowage/provider-fs`. */
export interface FilesystemSettings {
  /** The directory that holds the containers. Relative to the `datasources.json`. */
  readonly root: string
  /** Creates the root, and the directories above it, if missing. Default: false. */
  readonly createRoot?: boolean | undefined
  /** Every write survives a loss of power once it is confirmed. Default: false. */
  readonly fsync?: boolean | undefined
  /** Bytes of one read or write of a large file, 4 KiB to 64 MiB. Default: 1 MiB. */
  readonly chunkSize?: number | undefined
}

/** Of `@stowage/provider-memory`. */
export interface MemorySettings {
  /** Capabilities that replace the provider's own, each as a whole. */
  readonly capabilities?: MemoryCapabilities | undefined
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

/** Of `@stowage/provider-s3`. `key` and `keyId` are given together. */
export interface AmazonSettings {
  /** The secret access key. */
  readonly key?: string | undefined
  /**
   * The access key's id. Without both, the SDK's chain of credentials: environment, profiles, SSO,
   * the machine's role.
   */
  readonly keyId?: string | undefined
  /** For temporary `key` and `keyId`. */
  readonly sessionToken?: string | undefined
  /** Of the shared configuration files. */
  readonly profile?: string | undefined
  /** Default: that of the environment or the profile; with an `endpoint`, `us-east-1`. */
  readonly region?: string | undefined
  /** A service other than Amazon: `https://host[:port]`. */
  readonly endpoint?: string | undefined
  /** The container in the path instead of the host's name. Default: with an `endpoint`. */
  readonly forcePathStyle?: boolean | undefined
  readonly useAccelerateEndpoint?: boolean | undefined
  readonly useDualstackEndpoint?: boolean | undefined
  readonly useFipsEndpoint?: boolean | undefined
  /**
   * Which writes the service checks conditions on. Default: `all` on Amazon, `puts` with an
   * `endpoint`.
   */
  readonly conditionalWrites?: 'all' | 'puts' | false | undefined
  /** Whether the service checks a condition on a removal. Default: on Amazon. */
  readonly conditionalRemovals?: boolean | undefined
  /**
   * Whether the service verifies and keeps checksums (CRC32, CRC32C, SHA-256). Default: on Amazon.
   */
  readonly checksums?: boolean | undefined
  /**
   * Whether the service refuses a request on a signed URL with unsigned `x-amz-` headers. Default:
   * on Amazon.
   */
  readonly sealedUrls?: boolean | undefined
  /** Bytes of a file's metadata that the service takes. Default: 2,048, as Amazon does. */
  readonly maxMetadataBytes?: number | undefined
  /** Connections kept open and used at the same time; further requests wait. Default: 128. */
  readonly maxConnections?: number | undefined
  /** Milliseconds for a connection to be made. Default: 10,000. */
  readonly connectTimeout?: number | undefined
  /**
   * Milliseconds without a byte in either direction after which a connection counts as lost.
   * Default: 60,000.
   */
  readonly idleTimeout?: number | undefined
  /** Bytes: larger files are copied in parts. Default and maximum: 5 GiB. */
  readonly maxCopySize?: number | undefined
  /** The customer's key that files are encrypted with (SSE-C): 32 bytes in Base64. */
  readonly SSECustomerKey?: string | undefined
}

/**
 * Of `@stowage/provider-azure`: an account with a key, a signature or a credential, or a connection
 * string.
 */
export interface AzureSettings {
  /** The account's name. */
  readonly storageAccount?: string | undefined
  /** One of the account's two keys, in Base64. */
  readonly storageAccessKey?: string | undefined
  /** As the portal shows it, with a key or a shared access signature; instead of all the others. */
  readonly connectionString?: string | undefined
  /**
   * A shared access signature for the account or for one container, with or without its question
   * mark.
   */
  readonly sas?: string | undefined
  /** The blob service's URL. Default: `https://<storageAccount>.blob.core.windows.net`. */
  readonly endpoint?: string | undefined
  /** Milliseconds without a byte on a connection after which it counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
  /** Passed in as code: any of `@azure/identity`, or another object with this method. */
  readonly credential?:
    | {
        getToken(
          scopes: string | string[],
          options?: object,
        ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>
      }
    | undefined
}

/** Of `@stowage/provider-openstack`: a user with a password, or an application credential. */
export interface OpenStackSettings {
  /** The user's name, or else `userId`. */
  readonly username?: string | undefined
  readonly userId?: string | undefined
  readonly password?: string | undefined
  /** In place of user, password and project. Only Keystone 3 has them. */
  readonly applicationCredentialId?: string | undefined
  readonly applicationCredentialSecret?: string | undefined
  /** Keystone's URL, with or without `/v3` or `/v2.0` at its end. */
  readonly authUrl: string
  /** Default: what `authUrl` ends with, else `v3`. */
  readonly keystoneAuthVersion?: 'v2.0' | 'v3' | undefined
  /** The user's domain. Default, with a name and not an id: the domain whose id is `default`. */
  readonly domainId?: string | undefined
  readonly domainName?: string | undefined
  /**
   * The project, formerly called tenant, by id or by name. Default: the user's own default project.
   */
  readonly projectId?: string | undefined
  readonly projectName?: string | undefined
  readonly tenantId?: string | undefined
  readonly tenantName?: string | undefined
  /** The project's domain, where the project is given by name. Default: the user's. */
  readonly projectDomainId?: string | undefined
  readonly projectDomainName?: string | undefined
  /** Default: the only region of the catalogue. */
  readonly region?: string | undefined
  /** The endpoint for machines inside the provider's network. Default: false. */
  readonly useInternal?: boolean | undefined
  /** The account's key for signed URLs. Default: the account's own, which is made if missing. */
  readonly tempUrlKey?: string | undefined
  /** Milliseconds without a byte on a connection after which it counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
}

/** Of `@stowage/provider-rackspace`. */
export interface RackspaceSettings {
  readonly username: string
  readonly apiKey: string
  /** Such as `DFW`, `ORD` or `LON`. Default: the user's own region. */
  readonly region?: string | undefined
  /** Default: Rackspace's own. */
  readonly authUrl?: string | undefined
  /** The endpoint on Rackspace's own network, where traffic costs nothing. Default: false. */
  readonly useInternal?: boolean | undefined
  /** The account's key for signed URLs. Default: the account's own, which is made if missing. */
  readonly tempUrlKey?: string | undefined
  /** Milliseconds without a byte on a connection after which it counts as lost. Default: 60,000. */
  readonly idleTimeout?: number | undefined
}
