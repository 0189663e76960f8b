import { readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { searchPath } from '../hosting/debian.js'
import type { Program, ServerGroup } from '../hosting/server-group.js'
import { KeystoneTemplate } from './keystone-template.js'
import type { S3Keys } from './s3-endpoint.js'

/** A user of Keystone with a project of the same name, in the domain `Default`. */
export interface KeystoneUser {
  readonly username: string
  readonly password: string
  readonly projectName: string
  readonly projectId: string
  readonly userId: string
  /** EC2 credentials, which Swift's S3 takes. */
  readonly s3: S3Keys
}

/** The account that Swift signs in with; servers/swift-in-one.py has it too. */
const admin = { username: 'admin', password: 'adminpw', project: 'admin' }

type Users = readonly [KeystoneUser, KeystoneUser]

/**
 * Starts Keystone (version 3 of its interface) in the group's directory, with Swift in its
 * catalogue and two users who share nothing.
 */
export async function startKeystone(group: ServerGroup, port: number, swift: string): Promise<Users> {
  const url = `http://127.0.0.1:${port}`
  const home = posix.join(group.directory, 'keystone')
  await group.makeDirectories('keystone', 'keystone/fernet', 'keystone/credential')
  await group.write('keystone/keystone.conf', configuration(home))
  const template = await templateOf(group)
  const known = await template?.restore(home, { keystone: url, swift })
  if (known === undefined) await setUp(group, home, url)
  await serve(group, home, port)
  if (known !== undefined) return known as Users
  const users = await seed(url, swift)
  await template?.keep(home, users)
  return users
}

async function templateOf(group: ServerGroup): Promise<KeystoneTemplate | undefined> {
  if (group.cache === undefined) return undefined
  const code = await readFile(new URL(import.meta.url), 'utf8')
  return new KeystoneTemplate(group.cache, await group.versionOf('keystone'), code)
}

async function setUp(group: ServerGroup, home: string, url: string): Promise<void> {
  const { account } = group
  const manage = (name: string, ...args: string[]) => {
    const conf = posix.join(home, 'keystone.conf')
    return group.run({ ...program('keystone-manage', ['--config-file', conf, ...args]), name: `keystone-${name}` })
  }
  const owner = ['--keystone-user', account.name, '--keystone-group', String(account.groupId)]
  await Promise.all([
    manage('db_sync', 'db_sync'),
    manage('fernet', 'fernet_setup', ...owner),
    manage('credential', 'credential_setup', ...owner),
  ])
  const database = `import sqlite3; sqlite3.connect(${JSON.stringify(`${home}/keystone.db`)}).execute('PRAGMA journal_mode=WAL')`
  await group.run(program('/usr/bin/python3', ['-c', database]))
  await manage(
    'bootstrap',
    'bootstrap',
    ...['--bootstrap-username', admin.username, '--bootstrap-password', admin.password],
    ...['--bootstrap-project-name', admin.project, '--bootstrap-role-name', 'admin'],
    ...['--bootstrap-service-name', 'keystone', '--bootstrap-region-id', 'RegionOne'],
    ...['--bootstrap-public-url', `${url}/v3`, '--bootstrap-internal-url', `${url}/v3`],
    ...['--bootstrap-admin-url', `${url}/v3`],
  )
}

async function serve(group: ServerGroup, home: string, port: number): Promise<void> {
  const conf = posix.join(home, 'keystone.conf')
  await group.start({
    ...program('uwsgi', [
      ...['--plugins', 'python3', '--wsgi-file', '/usr/bin/keystone-wsgi-public'],
      ...['--http-socket', `${group.address}:${port}`],
      // More processes or threads than one lock each other out of the database.
      ...['--master', '--processes', '1', '--threads', '1', '--lazy-apps', '--enable-threads'],
      ...['--buffer-size', '65535', '--die-on-term', '--no-orphans'],
      // It closes connections without saying so, and clients that keep them open would fail.
      ...['--add-header', 'Connection: close'],
    ]),
    env: { PATH: searchPath, OS_KEYSTONE_CONFIG_DIR: home, OS_KEYSTONE_CONFIG_FILES: conf },
  })
  await group.untilResponding(`http://127.0.0.1:${port}/v3`)
}

const program = (command: string, args: readonly string[]): Program => ({
  name: command.slice(command.lastIndexOf('/') + 1),
  command,
  args,
  env: { PATH: searchPath },
})

function configuration(home: string): string {
  return `[DEFAULT]
use_stderr = true
log_dir =
[database]
connection = sqlite:///${home}/keystone.db
[fernet_tokens]
key_repository = ${home}/fernet
[fernet_receipts]
key_repository = ${home}/fernet
[credential]
key_repository = ${home}/credential
[token]
provider = fernet
expiration = 3600
allow_expired_window = 0
[cache]
enabled = true
# The usual one for tests, oslo_cache.dict, breaks the check of S3 signatures.
backend = dogpile.cache.memory_pickle
[identity]
password_hash_rounds = 4
`
}

type Created = Record<string, { readonly id: string } & Record<string, string>>

/** Registers Swift in two regions, and creates the users. */
async function seed(keystone: string, swift: string): Promise<Users> {
  const token = await signIn(keystone, admin)
  const call = async <T = Created>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${keystone}/v3${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', 'X-Auth-Token': token },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`Keystone: ${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? {} : JSON.parse(text)) as T
  }
  const id = (response: Created, kind: string) => (response[kind] as { id: string }).id

  const service = id(await call('POST', '/services', { service: { type: 'object-store', name: 'swift' } }), 'service')
  await call('PUT', '/regions/RegionTwo', { region: {} })
  for (const region_id of ['RegionOne', 'RegionTwo']) {
    for (const kind of ['public', 'internal', 'admin']) {
      const url = `${swift}/v1/AUTH_%(tenant_id)s`
      await call('POST', '/endpoints', { endpoint: { interface: kind, service_id: service, region_id, url } })
    }
  }
  const { roles } = await call<{ roles: { id: string; name: string }[] }>('GET', '/roles')
  const member = roles.find(({ name }) => name === 'member')?.id
  const createUser = async (username: string, password: string): Promise<KeystoneUser> => {
    const project = id(
      await call('POST', '/projects', { project: { name: username, domain_id: 'default' } }),
      'project',
    )
    const user = id(
      await call('POST', '/users', {
        user: { name: username, password, domain_id: 'default', default_project_id: project },
      }),
      'user',
    )
    await call('PUT', `/projects/${project}/users/${user}/roles/${member}`)
    const { credential } = await call('POST', `/users/${user}/credentials/OS-EC2`, { tenant_id: project })
    return {
      username,
      password,
      projectName: username,
      projectId: project,
      userId: user,
      s3: { keyId: credential?.['access'] ?? '', key: credential?.['secret'] ?? '' },
    }
  }
  return [await createUser('demo', 'demo-secret'), await createUser('other', 'other-secret')]
}

/** A token for a user's project. */
export async function signIn(
  keystone: string,
  { username, password, project }: { readonly username: string; readonly password: string; readonly project: string },
): Promise<string> {
  const domain = { id: 'default' }
  const response = await fetch(`${keystone}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name: username, password, domain } } },
        scope: { project: { name: project, domain } },
      },
    }),
  })
  const token = response.headers.get('x-subject-token')
  if (token === null) throw new Error(`Keystone gave no token: ${response.status} ${await response.text()}`)
  await response.body?.cancel()
  return token
}
