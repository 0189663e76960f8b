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
