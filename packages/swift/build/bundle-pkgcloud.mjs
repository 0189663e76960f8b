/**
 * Bundles only pkgcloud's two identities into `dist/identity/pkgcloud.js`, and writes the licences
 * of the bundled packages.
 *
 * pkgcloud depends on every cloud's SDK (226 packages, 137 MB), and its identities need five small
 * files of it. Four of their imports are replaced: `request`, which is unmaintained, by the
 * transport of `withTransport`; `lodash`, of which one function is used; pkgcloud's index, of which
 * the version is used; and `util`, by an import.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const home = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
const pkgcloud = dirname(require.resolve('pkgcloud/package.json'))
const { version } = JSON.parse(await readFile(join(pkgcloud, 'package.json'), 'utf8'))

const entry = 'stowage:identities'
const transport = 'stowage:transport'
const replaced = {
  [entry]: `
    import openstack from ${JSON.stringify(join(pkgcloud, 'lib/pkgcloud/openstack/context/identity.js'))}
    import rackspace from ${JSON.stringify(join(pkgcloud, 'lib/pkgcloud/rackspace/identity/rackspaceIdentity.js'))}
    export const OpenStackIdentity = openstack.Identity
    export const RackspaceIdentity = rackspace.Identity
    export { withTransport } from ${JSON.stringify(transport)}`,
  [transport]: `
    import { AsyncLocalStorage } from 'node:async_hooks'
    const transports = new AsyncLocalStorage()
    export const withTransport = (transport, run) => transports.run(transport, run)
    export const request = (options, callback) => transports.getStore()(options, callback)`,
  request: `module.exports = require(${JSON.stringify(transport)}).request`,
  lodash: `exports.each = (collection, visit) => {
    for (const key of Object.keys(collection ?? {})) if (visit(collection[key], key) === false) break
  }`,
  // As a `require`, it would need the path of the bundle, which does not exist in a CommonJS
  // bundle.
  util: `import util from 'node:util'; export { util as 'module.exports' }`,
  '../../../pkgcloud': `exports.version = ${JSON.stringify(version)}`,
}

const bundle = await rolldown({
  input: { pkgcloud: entry },
  platform: 'node',
  plugins: [
    {
      name: 'stowage-replaced',
      resolveId: (source) => (source in replaced ? `\0${source}` : undefined),
      load: (id) => (id.startsWith('\0') ? replaced[id.slice(1)] : undefined),
    },
  ],
})
const { output } = await bundle.write({ dir: join(home, 'dist/identity'), format: 'esm', comments: { legal: true } })
await bundle.close()

/** Returns the package of a module's file. */
const packageOf = (id) => {
  const parts = id.split(sep)
  const at = parts.lastIndexOf('node_modules')
  return at === -1 ? undefined : parts.slice(0, at + 2).join(sep)
}

const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))
const packages = [...new Set(modules.map(packageOf).filter((found) => found !== undefined))].sort()
const notices = await Promise.all(
  packages.map(async (directory) => {
    const about = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
    const licence = (await readdir(directory)).find((name) => /^licen[cs]e/i.test(name))
    if (licence === undefined) throw new Error(`${about.name} has no licence text`)
    return `${about.name} ${about.version}\n\n${(await readFile(join(directory, licence), 'utf8')).trim()}\n`
  }),
)
const head = 'pkgcloud.js in this directory contains code of these packages:\n'
await writeFile(
  join(home, 'dist/identity/THIRD-PARTY-LICENCES.txt'),
  [head, ...notices].join(`\n${'-'.repeat(80)}\n\n`),
)
