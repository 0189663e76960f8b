import { expect, it, onTestFinished } from 'vitest'
import { StorageService } from '../src/index.js'
import { locationOf } from '../src/stored-files.js'

it.each([
  [{ region: 'eu-central-1' }, 'https://photos.s3.eu-central-1.amazonaws.com/a%20b.txt'],
  [{ endpoint: 'https://s3.test' }, 'https://s3.test/photos/a%20b.txt'],
])('the location of a file on Amazon follows from the settings %j', async (settings, location) => {
  const service = new StorageService({ provider: 'amazon', key: 'key', keyId: 'id', ...settings })
  onTestFinished(() => service.close())
  expect(await locationOf(await service.storage, { container: 'photos', name: 'a b.txt' })).toBe(location)
})
