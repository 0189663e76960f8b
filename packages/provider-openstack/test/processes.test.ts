import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { StorageService } from '@stowage/core'
import { describeServer } from '@stowage/test-servers'
import { afterAll, expect, test } from 'vitest'
import { OpenStackProvider } from '../src/index.js'
import type { Order, Outcome } from './writer-process.js'

const MiB = 1024 ** 2
/** 3 GiB take a minute: `STOWAGE_TEST_LARGE_MEBIBYTES=3072` is the long form. */
const largeSize = Number(process.env['STOWAGE_TEST_LARGE_MEBIBYTES'] ?? 384) * MiB

describeServer('swift', ({ authUrl, username, password, projectName, region }) => {
  const settings = { authUrl, username, password, projectName, region }
  const provider = new OpenStackProvider(settings)
  const storage = new StorageService(provider)
  const containers: string[] = []

  afterAll(async () => {
    for (const container of containers) await storage.destroyContainer(container)
    await storage.close()
  })

  const newContainer = async (): Promise<string> => {
    const container = `processes-${Date.now().toString(36)}`
    containers.push(container)
    await storage.createContainer({ name: container })
    return container
  }

  const start = (order: Omit<Order, 'settings'>) => {
    const script = fileURLToPath(new URL('./writer-process.ts', import.meta.url))
    return spawn(process.execPath, ['--expose-gc', script], {
      env: { ...process.env, NODE_OPTIONS: '', ORDER: JSON.stringify({ settings, ...order }) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  /** Kills it when it has told so many lines, or soon after; where it was done before that, nothing happens. */
  const kill = async (child: ReturnType<typeof start>, lines: number, soon = 0): Promise<void> => {
    const ended = once(child, 'close')
    let seen = 0
    for await (const _ of createInterface(child.stdout)) {
      if (++seen === lines) setTimeout(() => child.kill('SIGKILL'), soon)
    }
    await ended
  }

  const partsIn = async (container: string): Promise<string[]> => {
    const request = { container: `stowage-segments.${container}`, signal: AbortSignal.timeout(60_000), allow: [404] }
    return (await provider.native.list<{ name: string }>(request)).entries.map(({ name }) => name)
  }

  /** What the killed process had sent Swift may still be about to store: purges when nothing changes any more. */
  const purge = async (container: string): Promise<void> => {
    for (let before = -1, now = 0; before !== now; ) {
      before = now
      for (let look = 0; look < 5; look++) now = (await partsIn(container)).length
    }
    await storage.purgeUploads(container)
    expect(await Array.fromAsync(storage.uploads(container))).toEqual([])
  }

  test('a large body of unknown length goes up and comes down in little memory', { timeout: 1_800_000 }, async () => {
    const container = await newContainer()
    const child = start({ container, file: 'large', size: largeSize })
    const [output, complaints] = await Promise.all([buffer(child.stdout), buffer(child.stderr)])
    const last = String(output).trim().split('\n').at(-1) ?? ''
    expect(String(complaints)).toBe('')
    const outcome = JSON.parse(last) as Outcome
    expect(outcome.received).toBe(outcome.sent)
    expect(outcome.memory).toBeLessThan(200 * MiB)
    expect((await storage.getFile(container, 'large')).size).toBe(largeSize)
    if (largeSize > 1024 * MiB) process.stderr.write(`${largeSize / MiB} MiB: ${last}\n`)
    await storage.removeFile(container, 'large')
    expect(await partsIn(container)).toEqual([])
  })

  test('a process that is killed while it writes leaves the old file, and an upload that is listed and purged', async () => {
    const container = await newContainer()
    const old = Buffer.alloc(3 * MiB, 'old ')
    await storage.putFile(container, 'file', old, { partSize: MiB })
    const partsOfOld = await partsIn(container)
    for (let killed = 1; killed <= 4; killed++) {
      const child = start({ container, file: 'file', size: 2 ** 40, partSize: MiB })
      await kill(child, 1 + Math.floor(Math.random() * 40))
      expect(child.signalCode).toBe('SIGKILL')
      const listed = await Array.fromAsync(storage.uploads(container))
      expect(listed.length).toBeLessThanOrEqual(killed)
      for (const upload of listed) expect(upload).toMatchObject({ file: 'file', partSize: MiB })
    }
    expect((await (await storage.openFile(container, 'file')).bytes()).equals(old)).toBe(true)
    await purge(container)
    expect(await partsIn(container)).toEqual(partsOfOld)
  })

  test('one that is killed around the end leaves the old or the new file, and nothing that is not purged', async () => {
    const container = await newContainer()
    const size = 3 * MiB + 5
    for (let killed = 0; killed < 4; killed++) {
      const old = Buffer.alloc(2 * MiB, killed)
      await storage.putFile(container, 'file', old, { partSize: MiB })
      // After the last chunk come the last parts, the manifest, and the removal of what the version before consisted of.
      await kill(start({ container, file: 'file', size, partSize: MiB }), 4, Math.random() * 200)
      const read = await (await storage.openFile(container, 'file')).bytes()
      expect(read.length === size || read.equals(old)).toBe(true)
      await purge(container)
      expect(await partsIn(container)).toHaveLength(read.length === size ? 4 : 2)
    }
  })
})
