import { lstat, mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registerConformance } from '@stowage/core/conformance'
import { afterAll, describe, it } from 'vitest'
import { FilesystemProvider } from '../src/index.js'
import { canUnshare, mounted } from './machine.js'

const root = await mkdtemp(join(tmpdir(), 'stowage-conformance-'))

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
  createProvider: () => new FilesystemProvider({ root }),
  leftovers: async () => {
    const bookkeeping = await readdir(join(root, '.stowage'), { withFileTypes: true, recursive: true }).catch(() => [])
    return bookkeeping
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => /\/\.stowage\/(?:tmp|locks)\//.test(path))
  },
  secrets: [root],
  ...(process.platform === 'linux' ? { open: openFiles } : {}),
  breakService: {
    unreachable: () => new FilesystemProvider({ root: join(root, 'missing') }),
    ...(canUnshare ? { full } : {}),
  },
  otherProcess: { module: new URL('../dist/index.js', import.meta.url).href, settings: { root } },
  cleanUp: () => rm(root, { recursive: true }),
})
