import { posix } from 'node:path'
import { searchPath } from './debian.js'
import type { S3Keys } from './s3-endpoint.js'
import type { Program, ServerGroup } from './server-group.js'

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

/** Starts Keystone (version 3 of its interface) in the group's directory. */
export async function startKeystone(group: ServerGroup, port: number): Promise<string> {
  const home = posix.join(group.directory, 'keystone')
  await group.makeDirectories('keystone', 'keystone/fernet', 'keystone/credential')
  const conf = posix.join(home, 'keystone.conf')
  await group.write('keystone/keystone.conf', configuration(home))
  const { account } = group
  const manage = (name: string, ...args: string[]) =>
    group.run({ ...program('keystone-manage', ['--config-file', conf, ...args]), name: `keystone-${name}` })
  const owner = ['--keystone-user', account.name, '--keystone-group', String(account.groupId)]
  await Promise.all([
    manage('db_sync', 'db_sync'),
    manage('fernet', 'fernet_setup', ...owner),
    manage('credential', 'credential_setup', ...owner),
  ])
  const database = `import sqlite3; sqlite3.connect(${JSON.stringify(`${home}/keystone.db`)}).execute('PRAGMA journal_mode=WAL')`
  await group.run(program('/usr/bin/python3', ['-c', database]))
  const url = `http://127.0.0.1:${port}`
  await manage(
    'bootstrap',
    'bootstrap',
    ...['--bootstrap-username', admin.username, '--bootstrap-password', admin.password],
    ...['--bootstrap-project-name', admin.project, '--bootstrap-role-name', 'admin'],
    ...['--bootstrap-service-name', 'keystone', '--bootstrap-region-id', 'RegionOne'],
    ...['--bootstrap-public-url', `${url}/v3`, '--bootstrap-internal-url', `${url}/v3`],
    ...['--bootstrap-admin-url', `${url}/v3`],
  )
  await group.start({
    ...program('uwsgi', [
      ...[
        '--plugins',
        'python3',
        '--http-socket',
        `${group.address}:${port}`,
        '--wsgi-file',
        '/usr/bin/keystone-wsgi-public',
      ],
      // More processes or threads than one lock each other out of the database.
      ...[
        '--master',
        '--processes',
        '1',
        '--threads',
        '1',
        '--lazy-apps',
        '--enable-threads',
        '--buffer-size',
        '65535',
      ],
      ...['--die-on-term', '--no-orphans'],
      // It closes connections without saying so, and clients that keep them open would fail.
      ...['--add-header', 'Connection: close'],
    ]),
    env: { PATH: searchPath, OS_KEYSTONE_CONFIG_DIR: home, OS_KEYSTONE_CONFIG_FILES: conf },
  })
  await group.untilAnswering(`${url}/v3`)
  return url
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

type Answer = Record<string, { readonly id: string } & Record<string, string>>

/** Registers Swift in two regions, and creates two users who share nothing. */
export async function seedKeystone(keystone: string, swift: string): Promise<readonly [KeystoneUser, KeystoneUser]> {
  const token = await signIn(keystone, admin)
  const call = async <T = Answer>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${keystone}/v3${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', 'X-Auth-Token': token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`Keystone: ${method} ${path}: ${answer.status} ${text}`)
    return (text === '' ? {} : JSON.parse(text)) as T
  }
  const id = (answer: Answer, kind: string) => (answer[kind] as { id: string }).id

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
  const answer = await fetch(`${keystone}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name: username, password, domain } } },
        scope: { project: { name: project, domain } },
      },
    }),
  })
  const token = answer.headers.get('x-subject-token')
  if (token === null) throw new Error(`Keystone gave no token: ${answer.status} ${await answer.text()}`)
  await answer.body?.cancel()
  return token
}
