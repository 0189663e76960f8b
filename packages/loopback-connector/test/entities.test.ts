import { expect, it } from 'vitest'
import { Container, File } from '../src/entities.js'

const mtime = new Date(0)
const info = { container: 'photos', name: 'sea.txt', size: 5, mtime, etag: '"abc"', contentType: 'text/plain' }
const file = { ...info, metadata: {}, checksums: {} }

it.each([
  ['filesystem', {}],
  ['amazon', { lastModified: mtime }],
  ['azure', { lastModified: mtime }],
  ['openstack', { lastModified: mtime, bytes: 5 }],
  ['rackspace', { lastModified: mtime, bytes: 5 }],
])('a file on %s has the property names that it had in the storage component', (provider, more) => {
  expect(new File(file, { provider }).getMetadata()).toEqual({ ...file, etag: 'abc', ...more })
})

it('a folder in a list has no size', () => {
  const folder = new File({ container: 'photos', name: '2024/', folder: true }, { provider: 'azure' })
  expect(folder.toJSON()).toEqual({ container: 'photos', name: '2024/', folder: true })
})

it('an unknown value is not a property', () => {
  expect(Object.keys(new Container({ name: 'photos' }))).toEqual(['name'])
})
