/**
 * What the providers' own schemas say of wrong settings: one form of sentence, and no value, which
 * may be a secret.
 */
import { createStorage } from '@stowage/core'
import { describe, expect, it } from 'vitest'

const providers = {
  filesystem: { root: './files', createRoot: 's3cret', fsync: 's3cret', chunkSize: 's3cret' },
  memory: { capabilities: 's3cret' },
  amazon: {
    region: '',
    forcePathStyle: 's3cret',
    endpoint: 's3cret',
    conditionalWrites: 's3cret',
    maxConnections: 's3cret',
    maxCopySize: 1,
    maxMetadataBytes: -1,
    keyId: 'only',
  },
  azure: { storageAccount: '', endpoint: 's3cret', idleTimeout: 's3cret', credential: 's3cret' },
  openstack: {
    authUrl: 's3cret',
    keystoneAuthVersion: 's3cret',
    username: 5,
    useInternal: 's3cret',
    idleTimeout: 's3cret',
  },
  rackspace: { username: '', authUrl: 's3cret', useInternal: 's3cret', idleTimeout: 0 },
} as const

const messageOf = (settings: object): Promise<string> =>
  createStorage(settings as never).then(
    () => 'no error',
    ({ message }: Error) => message,
  )

describe.each(Object.entries(providers))('%s', (provider, wrong) => {
  it('names a property that it does not have, and those that it has', async () => {
    const message = await messageOf({ ...wrong, provider, kye: 's3cret' })
    expect(message).toContain(
      `unknown property "kye" for provider "${provider}" (known: ${Object.keys(wrong)[0]}`.slice(0, 40),
    )
    expect(message).not.toContain('s3cret')
  })

  it.each(Object.entries(wrong).filter(([name]) => name !== 'root'))('says what %s must be', async (name, value) => {
    const message = await messageOf({ provider, [name]: value })
    expect(message).toMatch(new RegExp(`property "(?:${name}|key)" of provider "${provider}" must be `))
    expect(message).not.toMatch(/s3cret|Invalid|Expected/)
  })
})

it.each([
  ['filesystem', 'root'],
  ['rackspace', 'apiKey'],
  ['openstack', 'authUrl'],
])('says that %s misses %s', async (provider, name) => {
  expect(await messageOf({ provider })).toContain(`property "${name}" of provider "${provider}" is missing`)
})
