import { StorageService } from '@stowage/core'
import { describeServer } from '@stowage/test-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OpenStackProvider } from '../src/index.js'

describeServer('swift', ({ authUrl, username, password, projectName, region }) => {
  const settings = { authUrl, username, password, projectName, region }
  const storage = new StorageService(new OpenStackProvider(settings))
  const run = Date.now().toString(36)
  const container = `signed-${run}`
  const secret = `secret-${run}`

  beforeAll(async () => {
    await storage.createContainer({ name: container })
    await storage.createContainer({ name: secret })
    await storage.putFile(secret, 'file', 'not for you')
  })
  afterAll(async () => {
    await storage.destroyContainer(container)
    await storage.destroyContainer(secret)
    await storage.close()
  })

  const sign = (file: string, method: 'GET' | 'PUT') => storage.signUrl(container, file, { method, expiresIn: 300 })

  test('a URL for GET reads a large file, whose parts are in another container', async () => {
    const content = Buffer.alloc(2_500_000, 'abc')
    await storage.putFile(container, 'large', content, { partSize: 1024 * 1024 })
    const { url } = await sign('large', 'GET')
    const response = await fetch(url)
    expect(response.status).toBe(200)
    expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true)
  })

  test('a signature has the length of SHA-256', async () => {
    const { url } = await sign('large', 'GET')
    expect(new URL(url).searchParams.get('temp_url_sig')).toMatch(/^[0-9a-f]{64}$/)
  })

  test('a URL for PUT cannot store any reference to another container', async () => {
    const references: Record<string, string>[] = [
      { 'X-Object-Manifest': `${secret}/file` },
      { 'X-Symlink-Target': `${secret}/file` },
      { 'X-Copy-From': `/${secret}/file` },
    ]
    for (const headers of references) {
      const { url } = await sign('reference', 'PUT')
      const response = await fetch(url, { method: 'PUT', headers })
      expect(response.status, Object.keys(headers)[0]).toBe(400)
      expect(await storage.hasFile(container, 'reference')).toBe(false)
    }
    const manifest = JSON.stringify([{ path: `/${secret}/file` }])
    const { url } = await sign('manifest', 'PUT')
    const response = await fetch(`${url}&multipart-manifest=put`, { method: 'PUT', body: manifest })
    expect(response.status).toBe(201)
    const stored = await fetch((await sign('manifest', 'GET')).url)
    expect(await stored.text()).toBe(manifest)
  })

  test('a URL is valid only for its file', async () => {
    await storage.putFile(container, 'other', 'other')
    const { url } = await sign('large', 'GET')
    for (const path of [`/${container}/other`, `/${secret}/file`, `/${container}`, '']) {
      const moved = new URL(url)
      moved.pathname = moved.pathname.replace(`/${container}/large`, path)
      expect((await fetch(moved)).status, path).toBe(401)
    }
  })

  test('other processes sign with the same key, and a given key is used', async () => {
    const { url } = await sign('other', 'GET')
    await using second = new StorageService(new OpenStackProvider(settings))
    const theirs = await second.signUrl(container, 'other', { method: 'GET', expiresIn: 300 })
    for (const signed of [url, theirs.url]) expect((await fetch(signed)).status).toBe(200)
    await using wrong = new StorageService(new OpenStackProvider({ ...settings, tempUrlKey: 'wrong' }))
    const rejected = await wrong.signUrl(container, 'other', { method: 'GET', expiresIn: 300 })
    expect((await fetch(rejected.url)).status).toBe(401)
  })

  test('a name of only slashes is rejected, because Swift takes its path for the container', async () => {
    await storage.putFile(container, '//', 'slashes')
    await expect(sign('//', 'GET')).rejects.toMatchObject({
      code: 'INVALID_NAME',
    })
  })
})
