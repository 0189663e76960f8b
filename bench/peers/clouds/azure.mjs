/**
 * Azure's own SDK.
 *
 *     node azure.mjs ENDPOINT PACKAGES
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { serve } from '../../src/clouds/serve.ts'

const [, , endpoint, packages] = process.argv
const require = createRequire(packages)
const { BlobServiceClient } = await import(pathToFileURL(require.resolve('@azure/storage-blob')).href)
const service = BlobServiceClient.fromConnectionString(JSON.parse(endpoint).connectionString)
const blob = (container, file) => service.getContainerClient(container).getBlockBlobClient(file)

serve({
  up: (container, file, body) => blob(container, file).uploadStream(body, 8 * 1024 * 1024, 4),
  down: async (container, file, size) => (await blob(container, file).downloadToBuffer(0, size)).length,
  upSmall: (container, file, body) => blob(container, file).upload(body, body.length),
  downSmall: async (container, file) => (await blob(container, file).downloadToBuffer()).length,
  list: async (container) => {
    let count = 0
    for await (const _blob of service.getContainerClient(container).listBlobsFlat()) count++
    return count
  },
})
