import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { StorageService } from '@stowage/core'
import { SwiftProvider } from '@stowage/swift'
import { describeServer } from '@stowage/test-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signInWith } from '../src/sign-in.js'

const MiB = 1024 ** 2
const inParts = { partSize: MiB }

/** The requests of each operation, as docs/providers/openstack.md states them. */
describeServer('swift', ({ authUrl, username, password, projectName, region }) => {
  const signIn = signInWith({ authUrl, username, password, projectName, region })
  const storage = new StorageService(new SwiftProvider({ name: 'openstack', signIn, copyPartSize: MiB }))
  const container = `requests-${Date.now().toString(36)}`
  const large = Buffer.alloc(3 * MiB, 'large')

  let requests = 0
  const count = () => {
    requests++
  }
  const costOf = async (operation: () => Promise<unknown>): Promise<number> => {
    const before = requests
    await operation()
    return requests - before
  }

  beforeAll(async () => {
    await storage.createContainer({ name: container })
    await storage.putFile(container, 'parts', large, inParts)
    // The first one requests the account's key, and creates it if missing.
    await storage.signUrl(container, 'x', { method: 'GET', expiresIn: 60 })
    subscribe('undici:client:sendHeaders', count)
  })
  afterAll(async () => {
    unsubscribe('undici:client:sendHeaders', count)
    await storage.destroyContainer(container)
    await storage.close()
  })

  test('operations send as many requests as the documentation states', async () => {
    const file = { container, file: 'file' }
    const copy = { container, file: 'copy' }
    const costs = {
      'a put, with large files in the container': await costOf(() => storage.putFile(container, 'file', 'x')),
      'a put with an ETag condition': await costOf(() => storage.putFile(container, 'file', 'x', { ifMatch: '*' })),
      'a page of a list': await costOf(() => storage.getFiles(container)),
      "a file's properties": await costOf(() => storage.getFile(container, 'file')),
      'a missing file': await costOf(() => storage.hasFile(container, 'missing')),
      'a download': await costOf(async () => (await storage.openFile(container, 'file')).bytes()),
      'a copy': await costOf(() => storage.copyFile(file, copy)),
      'a deletion': await costOf(() => storage.removeFile(container, 'copy')),
      'a large file of 3 parts': await costOf(() => storage.putFile(container, 'large', large, inParts)),
      'its copy': await costOf(() => storage.copyFile({ container, file: 'large' }, copy)),
      'its deletion': await costOf(() => storage.removeFile(container, 'large')),
      'a deletion of many, one of them large': await costOf(() => storage.removeFiles(container, ['file', 'copy'])),
      'a signed URL': await costOf(() => storage.signUrl(container, 'x', { method: 'GET', expiresIn: 60 })),
    }
    expect(costs).toEqual({
      'a put, with large files in the container': 2,
      'a put with an ETag condition': 3,
      'a page of a list': 1,
      "a file's properties": 1,
      'a missing file': 2,
      'a download': 1,
      'a copy': 3,
      'a deletion': 2,
      'a large file of 3 parts': 8 + 2 * 3,
      'its copy': 7 + 3,
      'its deletion': 5,
      'a deletion of many, one of them large': 3 + 4,
      'a signed URL': 0,
    })
  })

  test('a put in a container without large files takes one request, and one more every two seconds', async () => {
    const plain = `${container}-plain`
    await storage.createContainer({ name: plain })
    const cost = await costOf(() => storage.putFile(plain, 'file', 'x'))
    expect([1, 2]).toContain(cost)
    await storage.destroyContainer(plain)
  })
})
