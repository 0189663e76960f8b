import { fromEnvironment } from '../environment.js'
import { type InstallOptions, searchPath } from '../hosting/debian.js'
import { startInDebian } from '../hosting/placement.js'
import type { ServerGroup } from '../hosting/server-group.js'
import { type KeystoneUser, startKeystone } from './keystone.js'
import type { S3Endpoint } from './s3-endpoint.js'

const needs = {
  name: 'swift',
  title: 'OpenStack Swift',
  packages: [
    'swift-proxy',
    'swift-account',
    'swift-container',
    'swift-object',
    'keystone',
    'uwsgi-core',
    'uwsgi-plugin-python3',
  ],
  ports: 5,
  published: 2,
}

/** What a client needs to reach OpenStack's object store through Keystone. */
export interface SwiftEndpoint {
  /** Keystone's, without `/v3`. */
  readonly authUrl: string
  readonly region: string
  readonly username: string
  readonly password: string
  readonly projectName: string
  readonly userDomainName: string
  readonly projectDomainName: string
  /** The name of the server, with its version if known. */
  readonly server: string
  /**
   * The rest is known of the server that the tests start, and not of one given in the environment.
   */
  readonly local?: {
    readonly user: KeystoneUser
    /** Has no access to what the first one has. */
    readonly other: KeystoneUser
    /** A second region of the service catalogue, with the same store. */
    readonly otherRegion: string
    /** Of the store itself, without an account. */
    readonly url: string
    /** For `bulkThrough`, of the first user's account. */
    readonly seedUrl: string
    readonly s3: S3Endpoint
  }
}

export interface SwiftServer extends SwiftEndpoint {
  stop(): Promise<void>
}

/**
 * OpenStack Swift with Keystone v3: the cloud of `STOWAGE_TEST_OPENSTACK_…`, else a whole Swift in
 * one program, and a Keystone.
 */
export async function startSwift(options: InstallOptions = {}): Promise<SwiftServer> {
  const real = fromEnvironment(
    'OPENSTACK',
    ['AUTH_URL', 'USERNAME', 'PASSWORD', 'PROJECT', 'REGION'],
    ['USER_DOMAIN', 'PROJECT_DOMAIN'],
  )
  if (real !== undefined) {
    return {
      authUrl: real.AUTH_URL.replace(/\/(?:v3\/?)?$/, ''),
      region: real.REGION,
      username: real.USERNAME,
      password: real.PASSWORD,
      projectName: real.PROJECT,
      userDomainName: real.USER_DOMAIN ?? 'Default',
      projectDomainName: real.PROJECT_DOMAIN ?? real.USER_DOMAIN ?? 'Default',
      server: 'an OpenStack cloud given in the environment',
      stop: async () => undefined,
    }
  }
  return startInDebian(needs, startTogether, options)
}

async function startTogether(group: ServerGroup, ports: readonly number[]): Promise<SwiftServer> {
  const [keystonePort, proxyPort] = ports as [number, number]
  const keystoneUrl = `http://127.0.0.1:${keystonePort}`
  const url = `http://127.0.0.1:${proxyPort}`
  const script = await group.bring(new URL('../../servers/swift-in-one.py', import.meta.url))
  // Swift calls Keystone only during requests, so both can start at the same time.
  await group.start({
    name: 'swift',
    command: '/usr/bin/python3',
    args: [script, group.directory, group.address, String(proxyPort), keystoneUrl],
    env: { PATH: searchPath, PYTHONDONTWRITEBYTECODE: '1' },
  })
  const [user, other] = await startKeystone(group, keystonePort, url)
  await group.untilResponding(`${url}/healthcheck`)
  const seedUrl = `${url}/seed/AUTH_${user.projectId}`
  const store = `Swift ${await group.versionOf('swift-proxy')}`
  return {
    authUrl: keystoneUrl,
    region: 'RegionOne',
    username: user.username,
    password: user.password,
    projectName: user.projectName,
    userDomainName: 'Default',
    projectDomainName: 'Default',
    server: `${store} with Keystone ${await group.versionOf('keystone')}`,
    local: {
      user,
      other,
      otherRegion: 'RegionTwo',
      url,
      seedUrl,
      s3: { endpoint: url, region: 'us-east-1', server: `${store}'s s3api`, ...user.s3, other: other.s3, seedUrl },
    },
    stop: () => group.stop(),
  }
}
