import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FilesystemProvider } from '@stowage/provider-fs'
import { MemoryProvider } from '@stowage/provider-memory'
import { onTestFinished } from 'vitest'
import { describePolicies } from './table.ts'

describePolicies('memory', () => new MemoryProvider())

describePolicies('filesystem', () => {
  const root = mkdtempSync(join(tmpdir(), 'stowage-policy-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  return new FilesystemProvider({ root })
})
