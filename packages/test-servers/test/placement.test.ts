import { expect, onTestFinished, test, vi } from 'vitest'
import { startCeph } from '../src/index.js'

test('an unknown placement of servers is refused, with the known ones', async () => {
  place('docker')
  await expect(startCeph()).rejects.toThrow('invalid STOWAGE_TEST_SERVERS "docker" (known: containers, native, none)')
})

test('no server starts when there are to be none', async () => {
  place('none')
  await expect(startCeph()).rejects.toThrow('STOWAGE_TEST_SERVERS is none')
})

function place(placement: string): void {
  vi.stubEnv('STOWAGE_TEST_SERVERS', placement)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
}
