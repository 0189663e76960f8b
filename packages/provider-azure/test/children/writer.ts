// Writes one file over and over in parts, without a pause, until it is killed. Tells of each MiB that it gives out, and of each file.
import { StorageService } from '@stowage/core'
import { AzureProvider } from '@stowage/provider-azure'

const contents: typeof import('../content.js') = await import(new URL('../content.ts', import.meta.url).href)

const { settings, container, mebibytes } = JSON.parse(process.argv[2] ?? '')
const storage = new StorageService(new AzureProvider(settings), { partSize: 4 * 1024 ** 2 })

async function* told(): AsyncGenerator<Uint8Array> {
  for await (const chunk of contents.chunks(mebibytes)) {
    process.send?.('chunk')
    yield chunk
  }
}

while (true) {
  await storage.putFile(container, 'file', told())
  process.send?.('file')
}
