import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { FileEntry, FolderEntry } from '@stowage/core'
import type { ListFilesCallOptions, PutCallOptions, StorageProvider } from '@stowage/core/provider'
import { onTestFinished } from 'vitest'
import { FilesystemProvider, type FilesystemProviderOptions } from '../src/index.js'

export const never = new AbortController().signal

/** Creates a directory, which is deleted after the test. */
export async function newDirectory(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'stowage-fs-')))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export function openProvider(root: string, options: Partial<FilesystemProviderOptions> = {}): FilesystemProvider {
  const provider = new FilesystemProvider({ root, ...options })
  onTestFinished(() => provider.close())
  return provider
}

/** Creates a root with one container, `box`. */
export async function newStorage(options: Partial<FilesystemProviderOptions> = {}) {
  const root = await newDirectory()
  const provider = openProvider(root, options)
  await provider.createContainer('box', { signal: never })
  return { root, provider, box: join(root, 'box') }
}

export const plain = { contentType: 'application/octet-stream', metadata: {} }

export const writing: PutCallOptions = { signal: never, attributes: plain, conditions: {}, checksums: {}, native: {} }

export const reading = { signal: never, conditions: {} }

export const put = (provider: StorageProvider, file: string, content: string, options: Partial<PutCallOptions> = {}) =>
  provider.putFile('box', file, Buffer.from(content), { ...writing, ...options })

export async function read(provider: StorageProvider, file: string, container = 'box'): Promise<Buffer> {
  const opened = await provider.openFile(container, file, reading)
  return 'bytes' in opened ? Buffer.from(opened.bytes) : buffer(opened.stream)
}

export const readText = async (provider: StorageProvider, file: string): Promise<string> =>
  (await read(provider, file)).toString()

/** Returns all entries of a list, page by page. */
export async function list(
  provider: StorageProvider,
  options: Partial<ListFilesCallOptions> = {},
): Promise<(FileEntry | FolderEntry)[]> {
  const entries: (FileEntry | FolderEntry)[] = []
  let next: string | undefined
  do {
    const page = await provider.listFiles('box', {
      signal: never,
      prefix: '',
      limit: 1000,
      ...options,
      ...(next === undefined ? {} : { next }),
    })
    entries.push(...page.entries)
    next = page.next
  } while (next !== undefined)
  return entries
}

export const names = async (
  provider: StorageProvider,
  options: Partial<ListFilesCallOptions> = {},
): Promise<string[]> => (await list(provider, options)).map(({ name }) => name)
