import { createStorage, StorageService } from '@stowage/core'
import { describeServer } from '@stowage/test-servers'
import { describe, expect, test } from 'vitest'
import * as rackspace from '../src/index.js'
import { RackspaceProvider } from '../src/index.js'

describeServer('rackspace', ({ authUrl, username, apiKey, otherRegion }) => {
  const settings = { username, apiKey, ...(authUrl === undefined ? {} : { authUrl }) }
  const fails = async (wrong: Partial<rackspace.RackspaceSettings>, code: string) => {
    await using storage = new StorageService(new RackspaceProvider({ ...settings, ...wrong }))
    await expect(storage.getContainers()).rejects.toMatchObject({ code, provider: 'rackspace' })
  }

  test("the default region is the user's, and another one can be given", async () => {
    for (const region of [undefined, otherRegion, otherRegion?.toLowerCase()]) {
      await using storage = new StorageService(new RackspaceProvider({ ...settings, ...(region ? { region } : {}) }))
      expect(await storage.getContainers()).toBeInstanceOf(Array)
    }
  })

  test('a wrong key is UNAUTHENTICATED, and so is a wrong region', async () => {
    await fails({ apiKey: 'wrong' }, 'UNAUTHENTICATED')
    await fails({ region: 'XYZ' }, 'UNAUTHENTICATED')
  })

  test('authUrl may end with a version', async () => {
    if (authUrl === undefined) return
    await using storage = new StorageService(new RackspaceProvider({ ...settings, authUrl: `${authUrl}/v2.0/` }))
    expect(await storage.getContainers()).toBeInstanceOf(Array)
  })
})

describe('The settings of a data source', () => {
  test('without a key are rejected, and the message names it and the data source', async () => {
    const entry = { name: 'files', provider: rackspace, username: 'ada' } as never
    await expect(createStorage(entry)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/"files".*"apiKey"/),
    })
  })

  test('with an unknown property are rejected, and the message names it', async () => {
    const entry = { name: 'files', provider: rackspace, username: 'ada', apiKey: 'k', apikey: 'k' } as never
    await expect(createStorage(entry)).rejects.toMatchObject({ message: expect.stringMatching(/"apikey"/) })
  })
})
