import { expect, test } from 'vitest'
import { startAzurite } from '../src/index.js'

test('Azurite responds on 127.0.0.1 until it is stopped', async () => {
  const azurite = await startAzurite()
  const response = await fetch(azurite.endpoint)
  expect(response.headers.get('server')).toContain('Azurite')
  await azurite.stop()
  await expect(fetch(azurite.endpoint)).rejects.toThrow()
})
