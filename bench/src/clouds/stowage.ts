/**
 * Stowage as a client of a cloud.
 *
 *     node stowage.ts SETTINGS
 */
import { createStorage } from '@stowage/core'
import { drained, serve } from './serve.ts'

const storage = await createStorage(JSON.parse(process.argv[2] ?? '{}'))
serve({
  up: (container, file, body) => storage.putFile(container, file, body),
  down: async (container, file) => drained((await storage.openFile(container, file)).stream),
  upSmall: (container, file, body) => storage.putFile(container, file, body),
  downSmall: async (container, file) => (await (await storage.openFile(container, file)).bytes()).length,
  list: async (container) => {
    let count = 0
    for await (const _file of storage.files(container)) count++
    return count
  },
})
