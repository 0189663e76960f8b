import { createStorage, StorageService } from '@stowage/core'
import { SwiftProvider } from '@stowage/swift'
import { describeServer, signIn } from '@stowage/test-servers'
import { describe, expect, test } from 'vitest'
import * as openstack from '../src/index.js'
import { OpenStackProvider, type OpenStackSettings } from '../src/index.js'
import { signInWith } from '../src/sign-in.js'

describeServer('swift', ({ authUrl, region, username, password, projectName, local }) => {
  const settings = { authUrl, region, username, password }
  const over = (given: OpenStackSettings) => new StorageService(new OpenStackProvider(given))

  test('every usual way to tell user, project and domain signs in to the same account', async () => {
    const ways: OpenStackSettings[] = [
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
      ways.push(
        settings,
        { ...settings, projectId },
        { ...settings, tenantId: projectId },
        { ...settings, projectId, domainName: 'Default' },
        { authUrl, region, password, userId, projectId },
        { authUrl, region, password, userId, projectName },
      )
    }
    const container = `sign-in-${Date.now().toString(36)}`
    await using first = over(ways[0] as OpenStackSettings)
    await first.createContainer({ name: container })
    for (const way of ways) {
      await using storage = over(way)
      expect(await storage.hasContainer(container), JSON.stringify({ ...way, password: '…' })).toBe(true)
    }
    await first.destroyContainer(container)
  })

  test('an application credential stands for user, password and project', async () => {
    if (local === undefined) return
    const { userId } = local.user
    const token = await signIn(authUrl, { username, password, project: projectName })
    const url = `${authUrl}/v3/users/${userId}/application_credentials`
    const headers = { 'X-Auth-Token': token, 'Content-Type': 'application/json' }
    const name = `tests-${Date.now().toString(36)}`
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ application_credential: { name } }),
    })
    const { application_credential: made } = (await answer.json()) as {
      application_credential: { id: string; secret: string }
    }
    const given = { authUrl, region, applicationCredentialId: made.id }
    await using storage = over({ ...given, applicationCredentialSecret: made.secret })
    expect(await storage.getContainers()).toBeInstanceOf(Array)
    await using wrong = over({ ...given, applicationCredentialSecret: 'wrong' })
    await expect(wrong.getContainers()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await fetch(`${url}/${made.id}`, { method: 'DELETE', headers })
  })

  test('whatever is wrong about a sign-in is UNAUTHENTICATED', async () => {
    const wrong: Partial<OpenStackSettings>[] = [
      { password: 'wrong' },
      { username: 'nobody' },
      { projectName: 'none' },
      { region: 'Nowhere' },
      { keystoneAuthVersion: 'v2.0' },
    ]
    for (const given of wrong) {
      await using storage = over({ ...settings, projectName, ...given })
      const error = await storage.getContainers().catch((reason: unknown) => reason)
      expect(error, JSON.stringify(given)).toMatchObject({ code: 'UNAUTHENTICATED', provider: 'openstack' })
    }
  })

  test('a container of somebody else is PERMISSION_DENIED, and not missing', async () => {
    if (local === undefined) return
    const container = `mine-${Date.now().toString(36)}`
    await using storage = over({ ...settings, projectName })
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

describe('the settings of a data source', () => {
  const good = { username: 'ada', password: 'p', authUrl: 'http://127.0.0.1:1' }
  const problem = (given: object) =>
    createStorage({ name: 'files', provider: openstack, ...given } as never).then(
      () => 'none',
      (error: Error) => error.message,
    )

  test('are enough with user, password and URL', async () => {
    expect(await problem(good)).toBe('none')
  })

  test('are enough with an application credential and URL', async () => {
    const { authUrl } = good
    const credential = { applicationCredentialId: 'i', applicationCredentialSecret: 's' }
    expect(await problem({ authUrl, ...credential })).toBe('none')
    expect(await problem({ authUrl, applicationCredentialId: 'i' })).toMatch(/"applicationCredentialSecret".*together/)
    expect(await problem({ ...good, ...credential })).toMatch(/"applicationCredentialId".*stands for/)
  })

  test('what is missing, unknown or contradictory is named, with the data source', async () => {
    expect(await problem({ ...good, password: undefined })).toMatch(/"files".*"password"/)
    expect(await problem({ ...good, username: undefined })).toMatch(/"username".*userId/)
    expect(await problem({ ...good, userId: 'u' })).toMatch(/"username".*userId/)
    expect(await problem({ ...good, authUrl: 'keystone' })).toMatch(/"authUrl"/)
    expect(await problem({ ...good, authUrl: 'ftp://keystone' })).toMatch(/"authUrl"/)
    expect(await problem({ ...good, passwort: 'p' })).toMatch(/"passwort"/)
    expect(await problem({ ...good, projectId: 'a', tenantId: 'b' })).toMatch(/"tenantId".*together with projectId/)
    expect(await problem({ ...good, domainId: 'a', domainName: 'b' })).toMatch(/"domainName".*together with domainId/)
    expect(await problem({ ...good, keystoneAuthVersion: 'v4' })).toMatch(/"keystoneAuthVersion"/)
  })
})
