/**
 * The program of another process: opens a storage and runs the tasks that it receives.
 *
 * Arguments: the URL of the provider's module, the settings as JSON, and a container.
 */
import type { ProviderModule } from '../../data-sources/create-storage.js'
import { createStorage } from '../../index.js'
import type { ProgramMessage } from './storage-process.js'
import { runTask, type Task } from './storage-tasks.js'

const [module = '', settings = '', container = ''] = process.argv.slice(2)
const send = (message: ProgramMessage) => void process.send?.(message)

const provider = (await import(module)) as ProviderModule
const storage = await createStorage({ ...(JSON.parse(settings) as object), provider })
process.once('disconnect', () => void storage.close())

// Connects and authenticates, so that the tasks of all processes start at the same time.
await storage.getContainer(container)
process.on('message', async (task) => {
  try {
    send({ done: await runTask(storage, container, task as Task) })
  } catch (error) {
    send({ failed: `${error}` })
  }
})
send({ ready: true })
