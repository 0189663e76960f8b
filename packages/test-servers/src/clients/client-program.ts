/**
 * The program of `client-process.ts`.
 */
import { createStorage } from '@stowage/core'
import type { ClientOrder, Taken, Transfer } from './client-process.js'
import { hashOf, largeBody } from './large-body.js'

const [, , work, order = ''] = process.argv
const { settings, directory, container, file, size }: ClientOrder = JSON.parse(order)
process.on('disconnect', () => process.exit())
const storage = await createStorage(settings, { directory })

async function transfer(): Promise<void> {
  // Loading modules is not measured.
  await storage.putFile(container, file, 'x')
  await (await storage.openFile(container, file)).text()
  globalThis.gc?.()
  const idle = process.memoryUsage.rss()
  let peak = idle
  const look = () => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  setInterval(look, 5).unref()
  const taken = async <T>(act: () => Promise<T>): Promise<Taken & { readonly result: T }> => {
    const started = performance.now()
    peak = idle
    const result = await act()
    look()
    return { result, memory: peak - idle, seconds: (performance.now() - started) / 1000 }
  }
  const up = await taken(() => storage.putFile(container, file, largeBody(size)))
  const down = await taken(async () => hashOf((await storage.openFile(container, file)).stream))
  await storage.close()
  const { result: written, ...upwards } = up
  const { result: hash, ...downwards } = down
  process.send?.({ stored: written.size, hash, up: upwards, down: downwards } satisfies Transfer)
}

async function* told(): AsyncGenerator<Uint8Array> {
  for await (const chunk of largeBody(size)) {
    process.send?.('chunk')
    yield chunk
  }
}

if (work === 'transfer') await transfer()
else while (true) await storage.putFile(container, file, told())
