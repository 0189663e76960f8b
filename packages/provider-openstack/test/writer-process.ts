/**
 * A process that writes a body of unknown length and reads it again, for tests that measure or kill it. Its order is JSON in
 * `ORDER`; it tells what it does in lines of JSON.
 */
import { createHash, type Hash } from 'node:crypto'
import { StorageService } from '@stowage/core'
import { OpenStackProvider, type OpenStackSettings } from '@stowage/provider-openstack'

export interface Order {
  readonly settings: OpenStackSettings
  readonly container: string
  readonly file: string
  readonly size: number
  readonly partSize?: number
}

/** Bytes above what the process had before its first byte, milliseconds, and the checksums of what went up and came down. */
export interface Outcome {
  readonly memory: number
  readonly upload: number
  readonly download: number
  readonly sent: string
  readonly received: string
}

const { settings, container, file, size, partSize } = JSON.parse(process.env['ORDER'] ?? '') as Order
const MiB = 1024 ** 2
const tell = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

/** No two of its chunks are alike, and each one is a buffer of its own, as a socket's are. */
async function* body(hash: Hash): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < size; sent += MiB) {
    const chunk = Buffer.alloc(Math.min(MiB, size - sent), 'stowage ')
    chunk.writeUInt32LE(sent / MiB)
    hash.update(chunk)
    tell({ sent })
    yield chunk
  }
}

await using storage = new StorageService(new OpenStackProvider(settings))
await storage.hasContainer(container)
globalThis.gc?.()
const idle = process.memoryUsage.rss()
let peak = idle
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss())
}, 20)

const sent = createHash('sha256')
const started = performance.now()
await storage.putFile(container, file, body(sent), partSize === undefined ? {} : { partSize })
const uploaded = performance.now()
const received = createHash('sha256')
for await (const chunk of await storage.downloadStream(container, file)) received.update(chunk)
const outcome: Outcome = {
  memory: peak - idle,
  upload: uploaded - started,
  download: performance.now() - uploaded,
  sent: sent.digest('hex'),
  received: received.digest('hex'),
}
clearInterval(watch)
tell(outcome)
