import { expect, it } from 'vitest'
import { FilesystemProvider } from '../src/index.js'

it('refuses an option that it does not have, and names it and those that it has', () => {
  const misspelt = { root: '/tmp', createRot: true }
  expect(() => new FilesystemProvider(misspelt as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: { property: 'createRot' },
      message: expect.stringMatching(/^unknown option "createRot" for FilesystemProvider \(known: .*\bcreateRoot\b/),
    }),
  )
})
