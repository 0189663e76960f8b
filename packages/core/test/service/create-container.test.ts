import { describe, expect, it } from 'vitest'
import { StorageService } from '../../src/index.js'
import { containerExists, containerNotFound } from '../../src/provider.js'
import { fakeProvider } from '../fake-provider.js'

describe('createContainer with ifNotExists', () => {
  it('returns the existing container', async () => {
    const info = { name: 'c', created: new Date(0) }
    const provider = fakeProvider({
      createContainer: () => Promise.reject(containerExists('c')),
      getContainer: async () => info,
    })
    const storage = new StorageService(provider)
    expect(await storage.createContainer({ name: 'c', ifNotExists: true })).toBe(info)
    await expect(storage.createContainer({ name: 'c' })).rejects.toMatchObject({ code: 'CONTAINER_EXISTS' })
    await expect(storage.createContainer({ name: 'c', ifNotExists: false })).rejects.toMatchObject({
      code: 'CONTAINER_EXISTS',
    })
  })

  it('creates a missing one, and passes on every other failure', async () => {
    const storage = new StorageService(fakeProvider({ createContainer: async (name) => ({ name }) }))
    expect(await storage.createContainer({ name: 'c', ifNotExists: true })).toEqual({ name: 'c' })
    const gone = new StorageService(
      fakeProvider({
        createContainer: () => Promise.reject(containerExists('c')),
        getContainer: () => Promise.reject(containerNotFound('c')),
      }),
    )
    await expect(gone.createContainer({ name: 'c', ifNotExists: true })).rejects.toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
      operation: 'createContainer',
    })
  })
})
