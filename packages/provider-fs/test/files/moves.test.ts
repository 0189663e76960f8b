import { link, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { locationOf } from '../../src/files/locations.js'
import { Workspace } from '../../src/files/workspace.js'
import { getFile, openVersion } from '../../src/reader.js'
import { never, newStorage, openProvider, put, reading, readText } from '../fixture.js'

const kept = { contentType: 'a/b', metadata: { key: 'value' } }
const options = { ...reading, native: {} }
const location = (file: string) => ({ container: 'box', file })

describe('a file that is moved away and back', () => {
  it('has its attributes for a process that reads them while it is away', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'here', 'x', { attributes: kept })
    const workspace = new Workspace({ root, createRoot: false, fsync: false, chunkSize: 65_536 })
    const find = workspace.attributes.find.bind(workspace.attributes)
    let looks = 0
    workspace.attributes.find = async (...args) => {
      if (++looks > 1) return find(...args)
      await provider.moveFile(location('here'), location('there'), options)
      const found = await find(...args)
      await provider.moveFile(location('there'), location('here'), options)
      return found
    }
    expect(await getFile(workspace, 'box', 'here', reading)).toMatchObject(kept)
    looks = 0
    const opened = await openVersion(workspace, locationOf('box', 'here'), never)
    workspace.directories.discard(opened.fd)
    expect(opened.stored.attributes).toMatchObject(kept)
    workspace.directories.close()
  })

  it('has its attributes for another process that reads them repeatedly', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'here', 'x', { attributes: kept })
    const other = openProvider(root)
    const finished = new AbortController()
    const mover = (async () => {
      for (let round = 0; round < 200; round++) {
        await provider.moveFile(location('here'), location('there'), options)
        await provider.moveFile(location('there'), location('here'), options)
      }
      finished.abort()
    })()
    while (!finished.signal.aborted) {
      const info = await other.getFile('box', 'here', reading).catch(() => undefined)
      if (info !== undefined) expect(info).toMatchObject(kept)
      await new Promise(setImmediate)
    }
    await mover
  })
})

describe('a file with two names', () => {
  it('keeps its other name unchanged if one is moved, with a new time or without', async () => {
    const { root, provider } = await newStorage()
    await put(provider, 'one', 'x', { attributes: kept })
    // As another program that copies trees with links (`cp -al`) creates it, including `.stowage`.
    await link(join(root, 'box', 'one'), join(root, 'box', 'two'))
    await provider.moveFile(location('one'), location('three'), options)
    await provider.moveFile(location('three'), location('one'), options)
    const { etag } = await provider.getFile('box', 'two', reading)
    await put(provider, 'newer', 'y', { attributes: kept })
    await provider.moveFile(location('one'), location('newer'), options)
    expect(await provider.getFile('box', 'newer', reading)).toMatchObject(kept)
    expect(await readText(provider, 'newer')).toBe('x')
    expect((await provider.getFile('box', 'two', reading)).etag).toBe(etag)
    await expect(provider.getFile('box', 'one', reading)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  it('has one name after it is moved onto the other, with the attributes of the moved one', async () => {
    const { root, provider } = await newStorage()
    for (const conditions of [{}, { ifMatch: '*' }] as const) {
      await put(provider, 'one', 'x', { attributes: kept })
      await link(join(root, 'box', 'one'), join(root, 'box', 'two'))
      const moved = await provider.moveFile(location('one'), location('two'), { ...options, conditions })
      expect(await provider.getFile('box', 'two', reading)).toMatchObject({ etag: moved.etag, ...kept })
      expect(await readdir(join(root, 'box'))).toEqual(['two'])
      await provider.removeFile('box', 'two', reading)
    }
    await provider.clean()
    expect(await readdir(join(root, '.stowage', 'tmp'))).toEqual([])
  })
})
