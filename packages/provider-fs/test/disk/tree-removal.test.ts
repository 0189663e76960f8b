import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { never, newDirectory, newStorage, put } from '../fixture.js'

const destroying = { signal: never, onlyIfEmpty: false }

const ways = [
  { how: 'by descriptor', options: {} },
  { how: 'by path', options: { byDescriptor: false } },
]

describe.each(ways)('Destroying a container, if directories are accessed $how,', ({ options }) => {
  it('deletes everything in it: many files, nested folders, names that are not UTF-8, links and pipes', async () => {
    const { root, provider, box } = await newStorage(options)
    await mkdir(join(box, 'many'))
    for (let file = 0; file < 2500; file++) await writeFile(join(box, 'many', String(file)), '')
    await put(provider, `${'deep/'.repeat(200)}file`, 'x')
    await mkdir(join(box, 'empty', 'in', 'empty'), { recursive: true })
    for (const name of ['caf\xe9', '\ufffd']) {
      const bytes = Buffer.from(name, name === '\ufffd' ? 'utf8' : 'latin1')
      const path = Buffer.concat([Buffer.from(`${box}/`), bytes])
      await mkdir(path)
      await writeFile(Buffer.concat([path, Buffer.from('/'), bytes]), 'x')
    }
    execFileSync('sh', ['-c', 'cd "$1" && mkfifo pipe && ln -s / link && ln -s nowhere broken', 'sh', box])
    await provider.destroyContainer('box', destroying)
    expect(await readdir(root)).toEqual(['.stowage'])
    expect(await readdir(join(root, '.stowage', 'tmp'))).toEqual([])
  })

  it("deletes a tree that is deeper than the operating system's paths", async () => {
    const { root, provider, box } = await newStorage(options)
    const script = `
      for (let depth = 0; depth < 60; depth++) {
        fs.mkdirSync('d'.repeat(200))
        process.chdir('d'.repeat(200))
        fs.writeFileSync('file', 'x')
      }`
    execFileSync(process.execPath, ['-e', script], { cwd: box })
    await provider.destroyContainer('box', destroying)
    expect(await readdir(join(root, '.stowage', 'tmp'))).toEqual([])
  })

  it('deletes nothing outside it if a process in it replaces its directories by links at the same time', async () => {
    const folders = 10
    const outside = await newDirectory()
    const canaries = Array.from({ length: 20 }, (_, index) => `${index}`).toSorted()
    for (const canary of canaries) await writeFile(join(outside, canary), 'x')
    const swapper = fork(new URL('../children/tree-swapper.ts', import.meta.url), [outside, String(folders)])
    await once(swapper, 'message')
    try {
      for (let round = 0; round < 25; round++) {
        const { root, provider, box } = await newStorage(options)
        for (let folder = 0; folder < folders; folder++) {
          await mkdir(join(box, String(folder)))
          for (const canary of canaries) await writeFile(join(box, String(folder), canary), 'x')
        }
        swapper.send(box)
        await once(swapper, 'message')
        await provider.destroyContainer('box', destroying)
        expect(await readdir(root)).toEqual(['.stowage'])
      }
    } finally {
      expect(swapper.kill(), 'the other process has ended by itself').toBe(true)
      if (swapper.exitCode === null) await once(swapper, 'exit')
    }
    expect((await readdir(outside)).toSorted()).toEqual(canaries)
  }, 120_000)
})
