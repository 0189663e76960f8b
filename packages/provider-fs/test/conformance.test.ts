import { lstat, mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageService } from '@stowage/core'
import { registerConformance } from '@stowage/core/conformance'
import { afterAll, describe, it } from 'vitest'
// Not a dependency of this package, because the router's tests depend on it.
import { storageRouter } from '../../rest-express/dist/index.js'
import { foldName } from '../src/disk/folding.js'
import { FilesystemProvider } from '../src/index.js'
import { canUnshare, mounted } from './machine.js'

const root = await mkdtemp(join(tmpdir(), 'stowage-conformance-'))
const secret = 'the secret of the signed URLs in these tests'

// The router that serves the signed URLs.
const server = createServer((req, res) => router(req, res))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const signedUrls = { baseUrl: `http://127.0.0.1:${port}`, secrets: [secret] }
const routed = new StorageService(new FilesystemProvider({ root, signedUrls }))
const router = storageRouter(routed)

/** The files below the root that this process has open. */
async function openFiles(): Promise<number> {
  const descriptors = await readdir('/proc/self/fd')
  const paths = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  const isFile = (path: string) =>
    lstat(path).then(
      (stats) => stats.isFile(),
      () => true,
    )
  const below = await Promise.all(paths.filter((path) => path.startsWith(`${root}/`)).map(isFile))
  return below.filter(Boolean).length
}

/** A provider on a volume of 8 MiB. */
const full = async () => new FilesystemProvider({ root: await mounted('-t', 'tmpfs', '-o', 'size=8m', 'tmpfs') })

registerConformance({ describe, it, after: afterAll }, 'filesystem', {
  createProvider: () => new FilesystemProvider({ root, signedUrls }),
  leftovers: async () => {
    const bookkeeping = await readdir(join(root, '.stowage'), { withFileTypes: true, recursive: true }).catch(() => [])
    return bookkeeping
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => /\/\.stowage\/(?:tmp|locks)\//.test(path))
  },
  secrets: [root, secret],
  // The volumes of macOS ignore case and composition.
  ...(process.platform === 'darwin' ? { fold: foldName } : {}),
  ...(process.platform === 'linux' ? { open: openFiles } : {}),
  breakService: {
    unreachable: () => new FilesystemProvider({ root: join(root, 'missing') }),
    ...(canUnshare ? { full } : {}),
  },
  otherProcess: { module: new URL('../dist/index.js', import.meta.url).href, settings: { root, signedUrls } },
  cleanUp: async () => {
    server.close()
    await routed.close()
    await rm(root, { recursive: true })
  },
})
