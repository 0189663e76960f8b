import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { defined } from '@stowage/core/provider'
import { fromEnvironment } from '../environment.js'
import { freePort } from '../hosting/ports.js'
import { signIn } from './keystone.js'
import type { SwiftEndpoint } from './swift.js'

/** What a client needs to reach Rackspace Cloud Files. */
export interface RackspaceEndpoint {
  readonly username: string
  readonly apiKey: string
  readonly region: string
  /** The name of the server, with its version if known. */
  readonly server: string
  /** Of the identity service, without `/v2.0`. Left out for Rackspace's own. */
  readonly authUrl?: string
  /** Another region of the service catalogue, with the same store. */
  readonly otherRegion?: string
  /** For `bulkThrough`. */
  readonly seedUrl?: string
}

export interface RackspaceServer extends RackspaceEndpoint {
  stop(): Promise<void>
}

export function rackspaceFromEnvironment(): RackspaceServer | undefined {
  const real = fromEnvironment('RACKSPACE', ['USERNAME', 'API_KEY', 'REGION'], ['AUTH_URL'])
  if (real === undefined) return undefined
  return {
    username: real.USERNAME,
    apiKey: real.API_KEY,
    region: real.REGION,
    server: 'Rackspace Cloud Files',
    ...defined({ authUrl: real.AUTH_URL }),
    stop: async () => undefined,
  }
}

/**
 * The only stand-in: Rackspace's identity service (version 2.0), which is not available as a
 * program. It only signs in: its tokens are Keystone's, and the store in its service catalogue is a
 * real Swift.
 */
export async function startRackspace(swift: SwiftEndpoint): Promise<RackspaceServer> {
  const { local } = swift
  if (local === undefined) {
    throw new Error(
      'Rackspace is tested in front of the Swift that the tests start; set STOWAGE_TEST_RACKSPACE_… beside STOWAGE_TEST_OPENSTACK_…',
    )
  }
  const account = { username: 'rackspace-user', apiKey: randomBytes(16).toString('hex') }
  const store = { url: `${local.url}/v1/AUTH_${local.user.projectId}`, tenant: `AUTH_${local.user.projectId}` }
  const server = createServer((request, response) => {
    replyTo(request, account, store, () =>
      signIn(swift.authUrl, { username: swift.username, password: swift.password, project: swift.projectName }),
    ).then(
      ({ status, body }) => send(response, status, body),
      () => send(response, 503, { serviceUnavailable: { code: 503, message: 'Keystone does not respond' } }),
    )
  })
  const port = await freePort()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  // It runs in this process, and must not keep it from ending.
  server.unref()
  return {
    ...account,
    region: 'DFW',
    server: `a stand-in for Rackspace's sign-in, before ${swift.server}`,
    otherRegion: 'ORD',
    seedUrl: local.seedUrl,
    authUrl: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Reply {
  readonly status: number
  readonly body: unknown
}

async function replyTo(
  request: IncomingMessage,
  account: { readonly username: string; readonly apiKey: string },
  store: { readonly url: string; readonly tenant: string },
  token: () => Promise<string>,
): Promise<Reply> {
  const body = await text(request)
  if (request.method !== 'POST' || request.url !== '/v2.0/tokens') {
    return { status: 404, body: { itemNotFound: { code: 404, message: 'Not Found' } } }
  }
  const credentials = credentialsOf(body)
  if (credentials?.username !== account.username || credentials?.apiKey !== account.apiKey) {
    const message = 'Unable to authenticate user with credentials provided.'
    return { status: 401, body: { unauthorized: { code: 401, message } } }
  }
  const endpoint = (region: string) => ({
    region,
    tenantId: store.tenant,
    publicURL: store.url,
    internalURL: store.url,
  })
  return {
    status: 200,
    body: {
      access: {
        token: {
          id: await token(),
          expires: new Date(Date.now() + 3600_000).toISOString(),
          tenant: { id: store.tenant, name: store.tenant },
          'RAX-AUTH:authenticatedBy': ['APIKEY'],
        },
        serviceCatalog: [
          { name: 'cloudFiles', type: 'object-store', endpoints: [endpoint('DFW'), endpoint('ORD')] },
          { name: 'cloudFilesCDN', type: 'rax:object-cdn', endpoints: [endpoint('DFW'), endpoint('ORD')] },
        ],
        user: {
          id: '1',
          name: account.username,
          'RAX-AUTH:defaultRegion': 'DFW',
          roles: [{ id: '1', name: 'identity:user-admin', description: 'User Admin Role.' }],
        },
      },
    },
  }
}

interface SignIn {
  readonly auth?: {
    readonly 'RAX-KSKEY:apiKeyCredentials'?: { readonly username?: unknown; readonly apiKey?: unknown }
  }
}

function credentialsOf(body: string) {
  try {
    return (JSON.parse(body) as SignIn).auth?.['RAX-KSKEY:apiKeyCredentials']
  } catch {
    return undefined
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}
