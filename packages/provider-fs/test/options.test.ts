import { expect, it } from 'vitest'
import { FilesystemProvider } from '../src/index.js'

it('rejects an unknown option, and names it and the known ones', () => {
  const misspelt = { root: '/tmp', createRot: true }
  expect(() => new FilesystemProvider(misspelt as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: { property: 'createRot' },
      message: expect.stringMatching(/^unknown option "createRot" for FilesystemProvider \(known: .*\bcreateRoot\b/),
    }),
  )
})

it.each<[options: object, message: string]>([
  [{ root: 5 }, 'option "root" of FilesystemProvider must be the path of a directory'],
  [{}, 'option "root" of FilesystemProvider is missing'],
  [{ root: 'files' }, 'option "root" of FilesystemProvider must be an absolute path'],
  [
    { root: '/tmp', chunkSize: -1 },
    'option "chunkSize" of FilesystemProvider must be a whole number of bytes from 4096 to 67108864',
  ],
  [{ root: '/tmp', fsync: 'no' }, 'option "fsync" of FilesystemProvider must be true or false'],
])('rejects %o, and names the option and the rule', (options, message) => {
  expect(() => new FilesystemProvider(options as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  )
})
