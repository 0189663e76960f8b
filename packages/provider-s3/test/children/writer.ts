// Writes one file after the other in parts, without a pause, until it is killed. Tells of each MiB that it gives out, and of each file.
import { StorageService } from '@stowage/core'
import { S3Provider } from '@stowage/provider-s3'

const contents: typeof import('../content.js') = await import(new URL('../content.ts', import.meta.url).href)

const { settings, container, mebibytes } = JSON.parse(process.argv[2] ?? '')
const storage = new StorageService(new S3Provider(settings), { partSize: 5 * 1024 ** 2 })

async function* told(): AsyncGenerator<Uint8Array> {
  for await (const chunk of contents.chunks(mebibytes)) {
    process.send?.('chunk')
    yield chunk
  }
}

for (let number = 0; ; number++) {
  await storage.putFile(container, `written ${process.pid}-${number}`, told())
  process.send?.('file')
}
