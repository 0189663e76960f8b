/**
 * pkgcloud, on OpenStack.
 *
 *     node pkgcloud.mjs ENDPOINT PACKAGES
 */
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { drained, serve } from '../../src/clouds/serve.ts'

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

/** It says `success` of failures too, but the bench looks at what is stored. */
const written = (container, remote, fill) =>
  new Promise((resolve, reject) => {
    const stream = client.upload({ container, remote })
    stream.on('error', reject).on('success', resolve)
    fill(stream)
  })

serve({
  up: (container, file, body) => written(container, file, (stream) => body.pipe(stream)),
  down: (container, remote) => drained(client.download({ container, remote })),
  upSmall: (container, file, body) => written(container, file, (stream) => stream.end(body)),
  downSmall: (container, remote) => drained(client.download({ container, remote })),
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
