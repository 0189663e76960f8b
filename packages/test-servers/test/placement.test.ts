import { expect, onTestFinished, test, vi } from 'vitest'
import { startCeph } from '../src/index.js'

test('a word for the placement of servers that is none is refused, with those that are', async () => {
  vi.stubEnv('STOWAGE_TEST_SERVERS', 'docker')
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  await expect(startCeph()).rejects.toThrow(
    'STOWAGE_TEST_SERVERS is "docker", and must be containers or native, or left out',
  )
})
