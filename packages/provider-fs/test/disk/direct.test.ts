import { closeSync, constants } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DirectCalls } from '../../src/disk/direct.js'
import { newDirectory } from '../fixture.js'

const newFile = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL

describe.each([
  ['on a local disk', true],
  ['on another file system', false],
])('Calls %s', (_, isLocal) => {
  it.each([0, 1, 65_536, 65_537, 300_000])('write and read %i bytes', async (size) => {
    const direct = new DirectCalls(() => isLocal)
    const path = join(await newDirectory(), 'file')
    const fd = await direct.open(path, newFile, 0o600)
    const content = Buffer.from(Array.from({ length: size }, (_, index) => index % 251))
    await direct.writeFully(fd, content, 3)
    const read = Buffer.alloc(size + 10)
    expect(await direct.readFully(fd, read, 3)).toBe(size)
    expect(read.subarray(0, size).equals(content)).toBe(true)
    closeSync(fd)
  })

  it('have the same results as those of the system', async () => {
    const direct = new DirectCalls(() => isLocal)
    const directory = await newDirectory()
    const path = join(directory, 'file')
    const fd = await direct.open(path, newFile, 0o600)
    await direct.writeFully(fd, Buffer.from('grüß'), 0)
    await direct.futimes(fd, 1_600_000_000)
    closeSync(fd)
    await direct.makeMark('note', join(directory, 'link'))
    await direct.rename(path, join(directory, 'moved'))
    expect(await direct.readText(join(directory, 'moved'))).toBe('grüß')
    expect((await direct.lstatIfExists(join(directory, 'moved')))?.mtimeMs).toBe(1_600_000_000_000n)
    expect(await direct.lstatIfExists(path)).toBeUndefined()
    await direct.unlink(join(directory, 'link'))
    expect(await readdir(directory)).toEqual(['moved'])
  })

  it('fail like those of the system', async () => {
    const direct = new DirectCalls(() => isLocal)
    const directory = await newDirectory()
    await writeFile(join(directory, 'file'), '')
    await expect(direct.open(join(directory, 'file'), newFile)).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(direct.makeMark('note', join(directory, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(direct.unlink(join(directory, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(direct.lstatAll([join(directory, 'x'.repeat(300))], () => 0)).rejects.toMatchObject({
      code: 'ENAMETOOLONG',
    })
  })

  it('stat many files in their order', async () => {
    const directory = await newDirectory()
    const paths = Array.from({ length: 200 }, (_, index) => join(directory, String(index)))
    for (const [index, path] of paths.entries()) if (index % 3 !== 0) await writeFile(path, 'x'.repeat(index))
    const sizes = await new DirectCalls(() => isLocal).lstatAll(paths, (stats, index) => [index, stats?.size])
    expect(sizes).toEqual(paths.map((_, index) => [index, index % 3 === 0 ? undefined : BigInt(index)]))
  })

  it('let other work run during a long sequence', async () => {
    const direct = new DirectCalls(() => isLocal)
    const directory = await newDirectory()
    let turns = 0
    const count = () => {
      turns++
      immediate = setImmediate(count)
    }
    let immediate = setImmediate(count)
    await direct.lstatAll(new Array<string>(5000).fill(directory), () => undefined)
    const after = turns
    for (let calls = 0; calls < 5000; calls++) await direct.lstatIfExists(directory)
    clearImmediate(immediate)
    expect(after).toBeGreaterThan(1)
    expect(turns).toBeGreaterThan(after + 1)
  })
})
