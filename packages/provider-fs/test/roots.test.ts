import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type StorageError, StorageService } from '@stowage/core'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createProvider, type FilesystemProvider, settings } from '../src/index.js'
import { names, never, newDirectory, newStorage, openProvider, put, reading, readText, writing } from './fixture.js'

const everyCall = (provider: FilesystemProvider): (() => Promise<unknown>)[] => {
  const file = { container: 'box', file: 'file' }
  const copying = { ...reading, native: {} }
  const upload = { ...file, id: '0'.repeat(32), partSize: 10 }
  return [
    () => provider.listContainers({ signal: never, limit: 10 }),
    () => provider.createContainer('box', { signal: never }),
    () => provider.getContainer('box', { signal: new AbortController().signal }),
    () => provider.destroyContainer('box', { signal: never, onlyIfEmpty: false }),
    () => provider.listFiles('box', { signal: never, limit: 10, prefix: '' }),
    () => provider.getFile('box', 'file', reading),
    () => provider.openFile('box', 'file', reading),
    () => provider.putFile('box', 'file', Buffer.from('x'), writing),
    () => provider.removeFile('box', 'file', reading),
    () => provider.removeFiles('box', ['file'], { signal: never }),
    () => provider.copyFile(file, { ...file, file: 'other' }, copying),
    () => provider.moveFile(file, { ...file, file: 'other' }, copying),
    () => provider.startUpload('box', 'file', { ...writing, partSize: 10 }),
    () => provider.listUploads('box', { signal: never, limit: 10, prefix: '' }),
    () => provider.uploadPart(upload, Buffer.from('x'), { signal: never, partNumber: 1 }),
    () => provider.completeUpload(upload, { signal: never, parts: [], conditions: {} }),
  ]
}

const failures = async (calls: readonly (() => Promise<unknown>)[]) =>
  (await Promise.allSettled(calls.map((call) => call()))).map((result) =>
    result.status === 'rejected' ? (result.reason as StorageError) : 'succeeded',
  )

describe('the root', () => {
  it('if it is missing, makes every call fail with an error that says so, and is not created', async () => {
    const parent = await newDirectory()
    const provider = openProvider(join(parent, 'root'))
    for (const failure of await failures(everyCall(provider))) {
      expect(failure).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('does not exist') })
      expect(JSON.stringify(failure)).not.toContain(parent)
    }
    expect(await readdir(parent)).toEqual([])
  })

  it('if it is a file, makes every call fail with an error that says so', async () => {
    const root = join(await newDirectory(), 'root')
    await writeFile(root, '')
    for (const options of [{}, { createRoot: true }]) {
      for (const failure of await failures(everyCall(openProvider(root, options)))) {
        expect(failure).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('not a directory') })
      }
    }
  })

  it('is created with its ancestors if it is missing and createRoot is set', async () => {
    const root = join(await newDirectory(), 'a', 'b')
    const provider = openProvider(root, { createRoot: true })
    const pages = await Promise.all([1, 2, 3].map(() => provider.listContainers({ signal: never, limit: 10 })))
    expect(pages.map(({ entries }) => entries)).toEqual([[], [], []])
    expect(await readdir(root)).toEqual([])
  })

  it('if it is deleted, makes every call fail, and works again when it is back', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'file', 'content')
    await rename(root, `${root}-away`)
    for (const failure of await failures(everyCall(provider))) {
      expect(failure).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('does not exist') })
    }
    await rename(`${root}-away`, root)
    expect(await readText(provider, 'file')).toBe('content')
  })

  it('if it is deleted and created again, is empty and can be written', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'file', 'content')
    await rm(root, { recursive: true })
    await mkdir(root)
    await expect(provider.getFile('box', 'file', reading)).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
    await provider.createContainer('box', { signal: never })
    await put(provider, 'file', 'new')
    expect(await names(provider)).toEqual(['file'])
  })
})

describe('a container', () => {
  it('deleted by another program is not found by any call, and no call creates it', async () => {
    const { root, provider, box } = await newStorage()
    await put(provider, 'folder/file', 'content', { attributes: { contentType: 'a/b', metadata: {} } })
    await rm(box, { recursive: true })
    const [list, create, ...calls] = everyCall(provider)
    expect(await list?.()).toEqual({ entries: [] })
    await create?.()
    await rm(box, { recursive: true })
    for (const failure of await failures(calls)) expect(failure).toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
    expect(await readdir(root)).toEqual(['.stowage'])
  })

  it('deleted while a file is written makes the write fail, and is not created again', async () => {
    const { root, provider } = await newStorage()
    async function* body() {
      yield Buffer.from('first')
      await provider.destroyContainer('box', { signal: never, onlyIfEmpty: false })
      yield Buffer.from('second')
    }
    const attributes = { contentType: 'a/b', metadata: {} }
    await expect(provider.putFile('box', 'a/b/c', body(), { ...writing, attributes })).rejects.toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
    })
    expect(await readdir(root)).toEqual(['.stowage'])
    expect(await readdir(join(root, '.stowage', 'tmp'))).toEqual([])
  })

  it('destroyed and created again during writes contains only files of later writes', async () => {
    const { provider } = await newStorage()
    const started = { count: 0 }
    const inFlight = new Set<number>()
    const stop = new AbortController()
    const write = async () => {
      while (!stop.signal.aborted) {
        const number = started.count++
        inFlight.add(number)
        await put(provider, `folder/${number % 10}`, String(number)).catch((error: StorageError) =>
          expect(error.code).toBe('CONTAINER_NOT_FOUND'),
        )
        inFlight.delete(number)
      }
    }
    const writers = [write(), write(), write()]
    try {
      for (let round = 0; round < 50; round++) {
        const oldest = Math.min(started.count, ...inFlight)
        await provider.destroyContainer('box', { signal: never, onlyIfEmpty: false })
        await provider.createContainer('box', { signal: never })
        for (const name of await names(provider)) {
          const text = await readText(provider, name).catch(() => undefined)
          if (text !== undefined) expect(Number(text)).toBeGreaterThanOrEqual(oldest)
        }
      }
    } finally {
      stop.abort()
      await Promise.all(writers)
    }
  })

  it('with empty folders is destroyed with onlyIfEmpty, and one with a file in a folder is not changed', async () => {
    const { provider, box } = await newStorage()
    await mkdir(join(box, 'a', 'b'), { recursive: true })
    await mkdir(join(box, 'c'))
    await put(provider, 'd/file', 'x')
    const onlyIfEmpty = { signal: never, onlyIfEmpty: true }
    await expect(provider.destroyContainer('box', onlyIfEmpty)).rejects.toMatchObject({ code: 'CONTAINER_NOT_EMPTY' })
    expect((await readdir(box)).sort()).toEqual(['a', 'c', 'd'])
    await provider.removeFile('box', 'd/file', reading)
    await provider.destroyContainer('box', onlyIfEmpty)
    await expect(provider.getContainer('box', { signal: new AbortController().signal })).rejects.toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
    })
  })

  it('does not list a directory of another program without files as a folder', async () => {
    const { provider, box } = await newStorage()
    await mkdir(join(box, 'empty', 'deeper'), { recursive: true })
    await put(provider, 'full/file', 'x')
    const list = { signal: never, limit: 10, prefix: '', delimiter: '/' }
    expect((await provider.listFiles('box', list)).entries).toEqual([{ container: 'box', name: 'full/', folder: true }])
  })

  it('is destroyed together with its attributes and uploads', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'file', 'x', { attributes: { contentType: 'a/b', metadata: {} } })
    await provider.startUpload('box', 'file', { ...writing, partSize: 10 })
    await provider.destroyContainer('box', { signal: never, onlyIfEmpty: false })
    const left = await readdir(join(root, '.stowage'), { recursive: true })
    expect(left.sort()).toEqual(['attributes', 'locks', 'tmp', 'uploads'])
  })

  it('cannot be created if there is a file with its name', async () => {
    const { root, provider } = await newStorage()
    await writeFile(join(root, 'file'), '')
    await expect(provider.createContainer('file', { signal: never })).rejects.toMatchObject({
      code: 'CONTAINER_EXISTS',
    })
    await expect(provider.getContainer('file', { signal: new AbortController().signal })).rejects.toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
    })
  })
})

describe('the directory .stowage', () => {
  it('is created by the first write', async () => {
    const root = await newDirectory()
    await mkdir(join(root, 'box'))
    await writeFile(join(root, 'box', 'file'), 'by hand')
    const provider = openProvider(root)
    expect(await readText(provider, 'file')).toBe('by hand')
    expect(await names(provider)).toEqual(['file'])
    expect(await readdir(root)).toEqual(['box'])
    await put(provider, 'file', 'by us')
    expect((await readdir(root)).sort()).toEqual(['.stowage', 'box'])
  })

  it('is not a container in any spelling', async () => {
    const { provider } = await newStorage()
    const { entries } = await provider.listContainers({ signal: never, limit: 10 })
    expect(entries.map(({ name }) => name)).toEqual(['box'])
    const pattern = new RegExp(`^(?:${provider.capabilities.containerNames.pattern})$`, 'u')
    for (const name of ['.stowage', '.Stowage', '.STOWAGE', '.', '..', 'a/b', 'a\\b', 'a\0b']) {
      expect(pattern.test(name), name).toBe(false)
    }
    for (const name of ['.stowage2', 'a.stowage', '...', '.a', 'ü', 'a\nb']) expect(pattern.test(name), name).toBe(true)
  })

  it('contains the file that is being written, and the containers do not', async () => {
    const { provider, box } = await newStorage()
    async function* body() {
      yield Buffer.alloc(2_000_000, 'x')
      expect(await readdir(box, { recursive: true })).toEqual([])
      expect(await names(provider)).toEqual([])
      yield Buffer.alloc(2_000_000, 'y')
    }
    await provider.putFile('box', 'a/b/c', body(), writing)
    expect((await readdir(box, { recursive: true })).sort()).toEqual(['a', 'a/b', 'a/b/c'])
  })
})

describe('the settings', () => {
  it('resolve a relative root against the directory of the data sources', async () => {
    const directory = await newDirectory()
    const provider = createProvider(v.parse(settings, { root: 'files', createRoot: true }), { directory })
    await provider.createContainer('box', { signal: never })
    expect(await readdir(join(directory, 'files'))).toContain('box')
    expect(provider.native.root).toBe(join(directory, 'files'))
    await provider.close()
  })

  it('are rejected if they are invalid', () => {
    for (const wrong of [{}, { root: '' }, { root: 1 }, { root: 'a', chunkSize: 1 }, { root: 'a', Root: 'b' }]) {
      expect(v.safeParse(settings, wrong).success).toBe(false)
    }
  })

  it('can make a storage whose writes are synced', async () => {
    const directory = await newDirectory()
    const checked = v.parse(settings, { root: '.', fsync: true, chunkSize: 65_536 })
    const storage = new StorageService(createProvider(checked, { directory }))
    await storage.createContainer({ name: 'box' })
    await storage.putFile('box', 'a/b.txt', 'durable', { metadata: { key: 'value' } })
    expect(await (await storage.openFile('box', 'a/b.txt')).text()).toBe('durable')
    await storage.close()
  })

  it('return the path of a file to other programs', async () => {
    const { root, provider } = await newStorage()
    expect(provider.native.pathOf('box', 'a//b')).toBe(join(root, 'box', 'a', '%2Fb'))
  })
})
