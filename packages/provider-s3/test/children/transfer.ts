// Sends a large body of unknown length, gets it back, and tells how much memory that took.
import { StorageService } from '@stowage/core'
import { S3Provider } from '@stowage/provider-s3'

const contents: typeof import('../content.js') = await import(new URL('../content.ts', import.meta.url).href)
const { chunks, hashOf } = contents

const { settings, container, mebibytes } = JSON.parse(process.argv[2] ?? '')
const storage = new StorageService(new S3Provider(settings))

let peak = 0
const look = () => {
  peak = Math.max(peak, process.memoryUsage.rss())
}
setInterval(look, 5).unref()

/** Bytes above what the process had before, and seconds. */
async function measured<T>(act: () => Promise<T>): Promise<{ result: T; above: number; seconds: number }> {
  const idle = process.memoryUsage.rss()
  const start = performance.now()
  peak = idle
  const result = await act()
  look()
  return { result, above: peak - idle, seconds: (performance.now() - start) / 1000 }
}

// What a process loads once is no part of the measure.
await storage.putFile(container, 'small', 'x')
await (await storage.openFile(container, 'small')).text()

const sent = await measured(() => storage.putFile(container, 'large', chunks(mebibytes)))
const got = await measured(async () => hashOf((await storage.openFile(container, 'large')).stream))
await storage.close()
process.send?.({
  size: sent.result.size,
  hash: got.result,
  up: { above: sent.above, seconds: sent.seconds },
  down: { above: got.above, seconds: got.seconds },
})
