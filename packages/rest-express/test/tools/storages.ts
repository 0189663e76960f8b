/**
 * The storages that the routes are tested over: one in memory, and one on a real directory, removed
 * when the test ends.
 */
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StorageProvider } from '@stowage/core/provider'
import { FilesystemProvider } from '@stowage/provider-fs'
import { MemoryProvider } from '@stowage/provider-memory'
import { onTestFinished } from 'vitest'

export type StorageKind = 'memory' | 'filesystem'

export const storageKinds: readonly StorageKind[] = ['memory', 'filesystem']

export function makeProvider(kind: StorageKind): StorageProvider {
  return kind === 'memory' ? new MemoryProvider() : new FilesystemProvider({ root: temporaryDirectory() })
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'stowage-rest-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}
