/**
 * pkgcloud, on OpenStack.
 *
 *     node pkgcloud.mjs ENDPOINT PACKAGES
 */
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { serve } from '../../src/clouds/serve.ts'

const [, , endpoint, packages] = process.argv
const { authUrl, region, username, password, projectName, userDomainName, projectDomainName } = JSON.parse(endpoint)
const client = createRequire(packages)('pkgcloud').storage.createClient({
  provider: 'openstack',
  keystoneAuthVersion: 'v3',
  authUrl,
  region,
  username,
  password,
  tenantName: projectName,
  domainName: userDomainName,
  projectDomainName,
})
const getFiles = promisify(client.getFiles.bind(client))
// A call that signs in buffers the body in a stream, which never ends if the body is large.
// Therefore the client signs in first.
await promisify(client.auth.bind(client))()

/** It reports `success` for failures too, but the bench checks what is stored. */
const written = (container, remote, fill) =>
  new Promise((resolve, reject) => {
    const stream = client.upload({ container, remote })
    stream.on('error', reject).on('success', resolve)
    fill(stream)
  })

/** It returns a stream of an older kind, which cannot be iterated. */
const received = (container, remote) =>
  new Promise((resolve, reject) => {
    let length = 0
    const stream = client.download({ container, remote })
    stream.on('data', (chunk) => {
      length += chunk.length
    })
    stream.on('error', reject).on('end', () => resolve(length))
  })

serve({
  up: (container, file, body) => written(container, file, (stream) => body.pipe(stream)),
  down: received,
  upSmall: (container, file, body) => written(container, file, (stream) => stream.end(body)),
  downSmall: received,
  list: async (container) => {
    let count = 0
    let marker
    for (;;) {
      const files = await getFiles(container, { limit: 10_000, ...(marker === undefined ? {} : { marker }) })
      count += files.length
      if (files.length < 10_000) return count
      marker = files.at(-1).name
    }
  },
})
