import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, truncate } from 'node:fs/promises'
import { StorageService } from '@stowage/core'
import { AzureProvider } from '@stowage/provider-azure'
import { describeServer } from '@stowage/test-servers'
import { expect, test } from 'vitest'
import { ctrlC, Workplace } from './workplace.js'

const MiB = 1024 * 1024

/** A pipe that never ends: what is copied from it is always unfinished. */
function endlessPipe(place: Workplace, name: string, bytes: number): AsyncDisposable {
  expect(spawnSync('sh', ['-c', 'mkfifo "$0"', place.at(name)]).status).toBe(0)
  const script = `exec >"$0" && head -c ${bytes} /dev/zero && exec sleep 600`
  const writer = spawn('sh', ['-c', script, place.at(name)], { stdio: 'ignore' })
  const ended = once(writer, 'exit')
  return {
    [Symbol.asyncDispose]: async () => {
      writer.kill('SIGKILL')
      await ended
    },
  }
}

test('Ctrl-C in an upload leaves the old file, and no half of the new one', async () => {
  await using place = await Workplace.withFiles({ 'files/c/f': 'old' })
  await using _ = endlessPipe(place, 'pipe', 2 * MiB)
  await using session = place.inTerminal(['cp', 'pipe', 'files:c/f'])
  await session.answer('0 files, 2.0 MiB', ctrlC)
  expect(await session.exitCode, session.text).toBe(130)
  expect(await place.read('files/c/f')).toBe('old')
  expect(await readdir(place.at('files/.stowage/tmp'))).toEqual([])
})

test('Ctrl-C in a download leaves the old file, and says how to continue', async () => {
  await using place = await Workplace.withFiles({ 'files/c/large': '', 'here/large': 'old' })
  await truncate(place.at('files/c/large'), 8 * 1024 * MiB)
  await using session = place.inTerminal(['cp', 'files:c/large', 'here/'])
  await session.until('#')
  session.type(ctrlC)
  expect(await session.exitCode, session.text).toBe(130)
  expect(session.text).toMatch(
    /stowage: the same command continues files:c\/large \(\d+ %\); with --no-resume it starts over/,
  )
  expect(await readdir(place.at('here'))).toEqual([expect.stringMatching(/^\.stowage-.*\.part$/), 'large'])
  expect(await place.read('here/large')).toBe('old')
})

test('Ctrl-C in a download with --no-resume leaves nothing of it', async () => {
  await using place = await Workplace.withFiles({ 'files/c/large': '', 'here/large': 'old' })
  await truncate(place.at('files/c/large'), 8 * 1024 * MiB)
  await using session = place.inTerminal(['cp', '--no-resume', 'files:c/large', 'here/'])
  await session.until('#')
  session.type(ctrlC)
  expect(await session.exitCode, session.text).toBe(130)
  expect(session.text).not.toContain('continues')
  expect(await readdir(place.at('here'))).toEqual(['large'])
  expect(await place.read('here/large')).toBe('old')
})

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint }) => {
  test('Ctrl-C in an upload in parts leaves no unfinished upload on the service', async () => {
    const settings = { storageAccount, storageAccessKey, endpoint }
    await using storage = new StorageService(new AzureProvider(settings))
    const container = `cli-${randomBytes(6).toString('hex')}`
    await storage.createContainer({ name: container })
    await using place = await Workplace.make({
      'datasources.json': JSON.stringify({ cloud: { provider: 'azure', ...settings, partSize: MiB } }),
    })
    await using _ = endlessPipe(place, 'pipe', 5 * MiB)
    await using session = place.inTerminal(['cp', 'pipe', `cloud:${container}/f`])
    await session.answer('0 files, 5.0 MiB', ctrlC)
    expect(await session.exitCode, session.text).toBe(130)
    expect(await Array.fromAsync(storage.uploads(container))).toEqual([])
    expect(await storage.getFiles(container)).toEqual([])
    await storage.destroyContainer(container)
  })
})
