import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { conformEverywhere } from '../src/conform.ts'

conformEverywhere('fs', async () => {
  const root = await mkdtemp(join(tmpdir(), 'stowage-runtimes-'))
  onTestFinished(() => rm(root, { recursive: true }))
  return { root }
})
