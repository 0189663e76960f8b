import { createStorage, StorageService } from '@stowage/core'
import { SwiftProvider } from '@stowage/swift'
import { describeServer, signIn } from '@stowage/test-servers'
import { describe, expect, test } from 'vitest'
import * as openstack from '../src/index.js'
import { OpenStackProvider, type OpenStackSettings } from '../src/index.js'
import { signInWith } from '../src/sign-in.js'

describeServer('swift', ({ authUrl, region, username, password, projectName, local }) => {
  const settings = { authUrl, region, username, password }
  const storageWith = (given: OpenStackSettings) => new StorageService(new OpenStackProvider(given))

  test('every usual combination of user, project and domain signs in to the same account', async () => {
    const combinations: OpenStackSettings[] = [
      { ...settings, projectName },
      { ...settings, tenantName: projectName },
      { ...settings, projectName, domainName: 'Default' },
      { ...settings, projectName, domainId: 'default' },
      { ...settings, projectName, projectDomainName: 'Default' },
      { ...settings, projectName, projectDomainId: 'default' },
      { ...settings, projectName, domainName: 'Default', projectDomainId: 'default' },
      { ...settings, projectName, authUrl: `${authUrl}/v3` },
      { ...settings, projectName, authUrl: `${authUrl}/v3/`, keystoneAuthVersion: 'v3' },
    ]
    if (local !== undefined) {
      const { projectId, userId } = local.user
      combinations.push(
        settings,
        { ...settings, projectId },
        { ...settings, tenantId: projectId },
        { ...settings, projectId, domainName: 'Default' },
        { authUrl, region, password, userId, projectId },
        { authUrl, region, password, userId, projectName },
      )
    }
    const container = `sign-in-${Date.now().toString(36)}`
    await using first = storageWith(combinations[0] as OpenStackSettings)
    await first.createContainer({ name: container })
    for (const given of combinations) {
      await using storage = storageWith(given)
      expect(await storage.hasContainer(container), JSON.stringify({ ...given, password: '…' })).toBe(true)
    }
    await first.destroyContainer(container)
  })

  test('an application credential replaces user, password and project', async () => {
    if (local === undefined) return
    const { userId } = local.user
    const token = await signIn(authUrl, { username, password, project: projectName })
    const url = `${authUrl}/v3/users/${userId}/application_credentials`
    const headers = { 'X-Auth-Token': token, 'Content-Type': 'application/json' }
    const name = `tests-${Date.now().toString(36)}`
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ application_credential: { name } }),
    })
    const { application_credential: created } = (await response.json()) as {
      application_credential: { id: string; secret: string }
    }
    const given = { authUrl, region, applicationCredentialId: created.id }
    await using storage = storageWith({ ...given, applicationCredentialSecret: created.secret })
    expect(await storage.getContainers()).toBeInstanceOf(Array)
    await using wrong = storageWith({ ...given, applicationCredentialSecret: 'wrong' })
    await expect(wrong.getContainers()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await fetch(`${url}/${created.id}`, { method: 'DELETE', headers })
  })

  test('a sign-in with any wrong setting is UNAUTHENTICATED', async () => {
    const wrong: Partial<OpenStackSettings>[] = [
      { password: 'wrong' },
      { username: 'nobody' },
      { projectName: 'none' },
      { region: 'Nowhere' },
      { keystoneAuthVersion: 'v2.0' },
    ]
    for (const given of wrong) {
      await using storage = storageWith({ ...settings, projectName, ...given })
      const error = await storage.getContainers().catch((reason: unknown) => reason)
      expect(error, JSON.stringify(given)).toMatchObject({ code: 'UNAUTHENTICATED', provider: 'openstack' })
    }
  })

  test('a container of another account is PERMISSION_DENIED, and not missing', async () => {
    if (local === undefined) return
    const container = `mine-${Date.now().toString(36)}`
    await using storage = storageWith({ ...settings, projectName })
    await storage.createContainer({ name: container })
    await storage.putFile(container, 'file', 'hello')
    const { username: name, password: secret, projectId } = local.other
    const own = signInWith({ ...settings, projectName })
    const others = signInWith({ authUrl, region, username: name, password: secret, projectId })
    const authenticate = async (signal: AbortSignal) => {
      const { endpoint } = await own.authenticate(signal)
      return { ...(await others.authenticate(signal)), endpoint }
    }
    await using stranger = new StorageService(new SwiftProvider({ name: 'openstack', signIn: { authenticate } }))
    const attempts = [
      () => stranger.getContainers(),
      () => stranger.getContainer(container),
      () => stranger.getContainer('missing'),
      () => stranger.createContainer({ name: container }),
      () => stranger.destroyContainer(container),
      () => stranger.getFiles(container),
      () => stranger.getFile(container, 'file'),
      () => stranger.getFile(container, 'missing'),
      () => stranger.openFile(container, 'file'),
      () => stranger.putFile(container, 'file', 'mine'),
      () => stranger.removeFile(container, 'file'),
      () => stranger.copyFile({ container, file: 'file' }, { container, file: 'copy' }),
      () => stranger.startUpload(container, 'file'),
    ]
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    const [outcome] = await stranger.removeFiles(container, ['file', 'other']).catch((error: unknown) => [{ error }])
    expect(outcome).toMatchObject({ error: { code: 'PERMISSION_DENIED' } })
    await storage.destroyContainer(container)
  })
})

describe('The settings of a data source', () => {
  const valid = { username: 'ada', password: 'p', authUrl: 'http://127.0.0.1:1' }
  const problem = (given: object) =>
    createStorage({ name: 'files', provider: openstack, ...given } as never).then(
      () => 'none',
      (error: Error) => error.message,
    )

  test('are complete with user, password and URL', async () => {
    expect(await problem(valid)).toBe('none')
  })

  test('are complete with an application credential and URL', async () => {
    const { authUrl } = valid
    const credential = { applicationCredentialId: 'i', applicationCredentialSecret: 's' }
    expect(await problem({ authUrl, ...credential })).toBe('none')
    expect(await problem({ authUrl, applicationCredentialId: 'i' })).toMatch(/"applicationCredentialSecret".*together/)
    expect(await problem({ ...valid, ...credential })).toMatch(/"applicationCredentialId".*replaces.*username/)
  })

  test('that are missing, unknown or contradictory are rejected, and the message names them and the data source', async () => {
    expect(await problem({ ...valid, password: undefined })).toMatch(/"files".*"password"/)
    expect(await problem({ ...valid, username: undefined })).toMatch(/"username".*userId/)
    expect(await problem({ ...valid, userId: 'u' })).toMatch(/"username".*userId/)
    expect(await problem({ ...valid, authUrl: 'keystone' })).toMatch(/"authUrl"/)
    expect(await problem({ ...valid, authUrl: 'ftp://keystone' })).toMatch(/"authUrl"/)
    expect(await problem({ ...valid, passwort: 'p' })).toMatch(/"passwort"/)
    expect(await problem({ ...valid, projectId: 'a', tenantId: 'b' })).toMatch(/"tenantId".*together with projectId/)
    expect(await problem({ ...valid, domainId: 'a', domainName: 'b' })).toMatch(/"domainName".*together with domainId/)
    expect(await problem({ ...valid, keystoneAuthVersion: 'v4' })).toMatch(/"keystoneAuthVersion"/)
  })
})
