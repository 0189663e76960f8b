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

  test('the user’s own region is taken when none is given, and another one when it is', async () => {
    for (const region of [undefined, otherRegion, otherRegion?.toLowerCase()]) {
      await using storage = new StorageService(new RackspaceProvider({ ...settings, ...(region ? { region } : {}) }))
      expect(await storage.getContainers()).toBeInstanceOf(Array)
    }
  })

  test('a wrong key is UNAUTHENTICATED, and so is a wrong region', async () => {
    await fails({ apiKey: 'wrong' }, 'UNAUTHENTICATED')
    await fails({ region: 'XYZ' }, 'UNAUTHENTICATED')
  })

  test('a version at the end of authUrl is understood', async () => {
    if (authUrl === undefined) return
    await using storage = new StorageService(new RackspaceProvider({ ...settings, authUrl: `${authUrl}/v2.0/` }))
    expect(await storage.getContainers()).toBeInstanceOf(Array)
  })
})

describe('the settings of a data source', () => {
  test('a missing key is named, with the data source', async () => {
    const entry = { name: 'files', provider: rackspace, username: 'ada' } as never
    await expect(createStorage(entry)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/"files".*"apiKey"/),
    })
  })

  test('a property that is not known is named', async () => {
    const entry = { name: 'files', provider: rackspace, username: 'ada', apiKey: 'k', apikey: 'k' } as never
    await expect(createStorage(entry)).rejects.toMatchObject({ message: expect.stringMatching(/"apikey"/) })
  })
})
