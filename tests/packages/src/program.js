/** What the bundlers make a bundle of: an application with every package, and its parts to run. */
import { createStorage } from '@stowage/core'
import * as connector from '@stowage/loopback-connector'
import * as azure from '@stowage/provider-azure'
import * as filesystem from '@stowage/provider-fs'
import * as memory from '@stowage/provider-memory'
import * as openstack from '@stowage/provider-openstack'
import * as rackspace from '@stowage/provider-rackspace'
import * as amazon from '@stowage/provider-s3'
import { storageRouter } from '@stowage/rest-express'

const authUrl = 'http://127.0.0.1:1'

const parts = {
  async module() {
    const storage = await createStorage({ provider: filesystem, root: './files', createRoot: true })
    await storage.createContainer({ name: 'photos' })
    await storage.putFile('photos', 'sea', 'Waves.')
    const file = await storage.openFile('photos', 'sea')
    console.log(`${typeof storageRouter(storage)}: ${await file.text()}`)
  },

  async name() {
    await createStorage({ provider: 'memory' }).then(
      ({ name }) => console.log(name),
      ({ message }) => console.log(message),
    )
  },

  async every() {
    for (const settings of [
      { provider: amazon, key: 'k', keyId: 'i', region: 'eu-west-1', endpoint: authUrl },
      { provider: azure, storageAccount: 'a', storageAccessKey: 'YQ==', endpoint: authUrl },
      { provider: memory },
      { provider: openstack, username: 'u', password: 'p', authUrl },
      { provider: rackspace, username: 'u', apiKey: 'k', authUrl },
    ]) {
      const storage = await createStorage(settings)
      // Nothing listens there, so that each goes as far as its client's first connection.
      const outcome = await storage.getContainers({ timeout: 100 }).then(
        () => 'done',
        ({ code }) => (code === 'TIMEOUT' || code === 'UNAVAILABLE' ? 'unreachable' : code),
      )
      console.log(`${storage.name}: ${outcome}`)
    }
    console.log(`connector: ${typeof connector.initialize}`)
  },
}

parts[process.argv[2]]()
