// Sends a large body of unknown length, gets it back, and tells how much memory that took.
import { StorageService } from '@stowage/core'
import { AzureProvider } from '@stowage/provider-azure'

const contents: typeof import('../content.js') = await import(new URL('../content.ts', import.meta.url).href)
const { chunks, hashOf } = contents

const { settings, container, mebibytes } = JSON.parse(process.argv[2] ?? '')
const storage = new StorageService(new AzureProvider(settings))

// What a process loads once is no part of the measure.
await storage.putFile(container, 'small', 'x')
await (await storage.openFile(container, 'small')).text()

const idle = process.memoryUsage.rss()
let peak = idle
const look = () => {
  peak = Math.max(peak, process.memoryUsage.rss())
}
setInterval(look, 5).unref()

/** The most bytes above what the idle process had, and seconds. */
async function measured<T>(act: () => Promise<T>) {
  const start = performance.now()
  peak = idle
  const result = await act()
  look()
  return { result, measure: { above: peak - idle, seconds: (performance.now() - start) / 1000 } }
}

const sent = await measured(() => storage.putFile(container, 'large', chunks(mebibytes)))
const got = await measured(async () => hashOf((await storage.openFile(container, 'large')).stream))
await storage.close()
process.send?.({ size: sent.result.size, hash: got.result, up: sent.measure, down: got.measure })
