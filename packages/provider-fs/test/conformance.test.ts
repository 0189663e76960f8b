import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registerConformance } from '@stowage/core/conformance'
import { describe, it } from 'vitest'
import { FilesystemProvider } from '../src/index.js'

const root = await mkdtemp(join(tmpdir(), 'stowage-conformance-'))

registerConformance({ describe, it }, 'filesystem', {
  createProvider: () => new FilesystemProvider({ root }),
  leftovers: async () => {
    const bookkeeping = await readdir(join(root, '.stowage'), { withFileTypes: true, recursive: true }).catch(() => [])
    return bookkeeping
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => /\/\.stowage\/(?:tmp|locks)\//.test(path))
  },
  secrets: [root],
  cleanUp: () => rm(root, { recursive: true }),
})
