import { closeSync, readFileSync } from 'node:fs'
import { mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { windows } from '../../src/platform/windows.js'
import { newDirectory } from '../fixture.js'

// The calls for Windows work on every system. What only Windows does is tested in `tests/windows`.

describe('A mark of Windows', () => {
  it('is created by one of many callers, and never without its text', async () => {
    const directory = await newDirectory()
    const path = join(directory, 'lock')
    const texts = Array.from({ length: 50 }, (_, index) => `token ${index} ${'x'.repeat(5000)}`)
    const seen: (string | undefined)[] = []
    const results = await Promise.allSettled(
      texts.map(async (text) => {
        const making = windows.makeMark(text, path)
        seen.push(await windows.readMark(path))
        await making
        return text
      }),
    )
    const [made, ...others] = results.filter(({ status }) => status === 'fulfilled')
    expect(others).toEqual([])
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'EEXIST' })
    }
    expect(made).toMatchObject({ value: await windows.readMark(path) })
    for (const text of seen.filter((text) => text !== undefined)) expect(texts).toContain(text)
    expect(await readdir(directory)).toEqual(['lock'])
  })

  it('has a text and a time, or does not exist', async () => {
    const directory = await newDirectory()
    const path = join(directory, 'lock')
    expect(await windows.readMark(path)).toBeUndefined()
    expect(windows.readMarkNow(path)).toBeUndefined()
    expect(await windows.readMark(directory)).toBeUndefined()
    await windows.makeMark('text', path)
    expect(windows.readMarkNow(path)).toBe('text')
    await windows.touchMark(path, new Date(1_600_000_000_000))
    const handle = await open(path)
    expect((await handle.stat()).mtimeMs).toBe(1_600_000_000_000)
    await handle.close()
  })

  it('leaves nothing in a directory that was deleted', async () => {
    const directory = await newDirectory()
    await expect(windows.makeMark('text', join(directory, 'gone', 'lock'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('A file that is opened for reading on Windows', () => {
  it('is not one behind a link', async () => {
    const directory = await newDirectory()
    await writeFile(join(directory, 'secret'), 'secret')
    await symlink(join(directory, 'secret'), join(directory, 'link'))
    await expect(windows.openForReading(join(directory, 'link'), false)).rejects.toMatchObject({ code: 'ELOOP' })
    const fd = await windows.openForReading(join(directory, 'secret'), false)
    expect(readFileSync(fd, 'utf8')).toBe('secret')
    closeSync(fd)
  })
})

describe('A name that is freed on Windows', () => {
  it('has no file, and nothing is left', async () => {
    const directory = await newDirectory()
    await writeFile(join(directory, 'file'), '')
    await windows.unlinkNow(join(directory, 'file'), join(directory, 'spare'))
    expect(await readdir(directory)).toEqual([])
    await expect(windows.unlinkNow(join(directory, 'file'), join(directory, 'spare'))).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })

  it('keeps a directory that another program has put there', async () => {
    const directory = await newDirectory()
    await mkdir(join(directory, 'folder'))
    await writeFile(join(directory, 'folder', 'file'), 'content')
    await expect(windows.unlinkNow(join(directory, 'folder'), join(directory, 'spare'))).rejects.toMatchObject({
      code: 'EISDIR',
    })
    expect(await readFile(join(directory, 'folder', 'file'), 'utf8')).toBe('content')
  })
})
