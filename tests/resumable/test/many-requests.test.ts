/**
 * An upload in requests of one byte each.
 *
 * - `STOWAGE_TINY_REQUESTS`: how many. Default: 200.
 */
import { expect, it } from 'vitest'
import { Random } from './random.ts'
import { ServerProcess } from './server-process.ts'
import { describePlaces } from './storages.ts'
import { append, create } from './tus-requests.ts'

const requests = Number(process.env['STOWAGE_TINY_REQUESTS'] ?? 200)

describePlaces(({ open }) => {
  it(`takes ${requests} requests of one byte`, { timeout: 60_000 + requests * 200 }, async () => {
    const { storage, container, settings, leftovers } = await open()
    const server = await ServerProcess.start(settings)
    const content = new Random(1).bytes(requests)
    const path = await create(`${server.url}/${container}`, 'tiny', requests)
    for (let offset = 0; offset < requests; offset++) {
      const { offset: reported } = await append(server.url + path, offset, content.subarray(offset, offset + 1))
      expect(reported).toBe(offset + 1)
    }
    expect((await (await storage.openFile(container, 'tiny')).bytes()).equals(content)).toBe(true)
    await storage.removeFile(container, 'tiny')
    await storage.purgeUploads(container)
    await expect.poll(leftovers).toEqual([])
  })
})
