import { execFileSync, fork } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type WarningEvent, warningChannel } from '@stowage/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { names, never, newDirectory, newStorage } from '../fixture.js'

/**
 * A root with containers and directories, some of which the called process cannot read. It runs as
 * another user, because tests may run as root, who can read everything.
 */
async function withUnreadable() {
  const root = await newDirectory()
  for (const directory of ['box/lost+found/sub', 'box/open', 'box/unsearchable', 'locked']) {
    await mkdir(join(root, directory), { recursive: true })
    await writeFile(join(root, directory, 'file'), 'x')
  }
  await writeFile(join(root, 'box', 'z'), 'x')
  const modes = { '.': 0o777, box: 0o777, 'box/open': 0o777, 'box/lost+found': 0, 'box/unsearchable': 0o444, locked: 0 }
  for (const [path, mode] of Object.entries(modes)) await chmod(join(root, path), mode)
  onTestFinished(async () => {
    execFileSync('chmod', ['-R', 'u+rwx', root])
  })
  const child = fork(new URL('../children/unprivileged.ts', import.meta.url), [root])
  onTestFinished(() => child.disconnect())
  await once(child, 'message')
  const ask = async (call: string, prefix = '') => {
    child.send([call, prefix])
    const [outcome] = await once(child, 'message')
    return outcome
  }
  return { root, ask }
}

const denied = 'the operating system denied access'
const unreadable = (path: string) => `the directory "${path}" cannot be read: ${denied}`

describe('A directory that cannot be read', () => {
  it('is left out of lists, with a warning that names it', async () => {
    const { ask } = await withUnreadable()
    const warnings = [unreadable('box/lost+found'), unreadable('box/unsearchable')]
    expect(await ask('list')).toEqual({ result: ['open/file', 'z'], warnings })
    // In a directory without search permission, only the names are known.
    const folders = { result: ['open/', 'unsearchable/', 'z'], warnings: [unreadable('box/lost+found')] }
    expect(await ask('folders')).toEqual(folders)
    expect(await ask('list', 'lost')).toEqual({ result: [], warnings: [unreadable('box/lost+found')] })
  })

  it('is an error that names it if only this directory was requested', async () => {
    const { ask } = await withUnreadable()
    const error = (path: string) => ({ code: 'PERMISSION_DENIED', message: unreadable(path), warnings: [] })
    expect(await ask('list', 'lost+found/')).toEqual(error('box/lost+found'))
    expect(await ask('list', 'lost+found/sub/')).toEqual(error('box/lost+found/sub'))
    expect(await ask('containers')).toEqual({ result: ['box', 'locked'], warnings: [] })
    expect(await ask('listLocked')).toEqual(error('locked'))
  })

  it('prevents destroying its container with onlyIfEmpty', async () => {
    const { root, ask } = await withUnreadable()
    for (const path of ['z', 'open', 'unsearchable']) execFileSync('rm', ['-r', join(root, 'box', path)])
    const message = unreadable('box/lost+found')
    expect(await ask('destroyEmpty')).toEqual({ code: 'PERMISSION_DENIED', message, warnings: [] })
    expect(await readdir(join(root, 'box'))).toEqual(['lost+found'])
  })

  it('remains in .stowage/tmp after its container is destroyed, with a warning that names it, and is deleted when possible', async () => {
    const { root, ask } = await withUnreadable()
    const left = (path: string) => `"${path}" could not be deleted and remains in .stowage/tmp: ${denied}`
    expect(await ask('destroy')).toEqual({ warnings: [left('box')] })
    expect((await readdir(root)).toSorted()).toEqual(['.stowage', 'locked'])
    expect(await ask('clean')).toEqual({ code: 'PERMISSION_DENIED', message: left('box'), warnings: [left('box')] })
    execFileSync('chmod', ['-R', '777', join(root, '.stowage', 'tmp')])
    expect(await ask('clean')).toEqual({ warnings: [] })
    expect(await readdir(join(root, '.stowage', 'tmp'))).toEqual([])
  })
})

it("A tree deeper than the operating system's paths is listed as far as names can be, with a warning, and is not empty", async () => {
  const { provider, box } = await newStorage()
  const script = `
    for (let depth = 0; depth < 60; depth++) {
      fs.mkdirSync('d'.repeat(200))
      process.chdir('d'.repeat(200))
      if (depth < 6 || depth === 59) fs.writeFileSync('file', 'x')
    }`
  execFileSync(process.execPath, ['-e', script], { cwd: box })
  const warnings: string[] = []
  const note = (message: unknown) => warnings.push((message as WarningEvent).error.message)
  subscribe(warningChannel, note)
  onTestFinished(() => {
    unsubscribe(warningChannel, note)
  })
  const folder = `${'d'.repeat(200)}/`
  expect(await names(provider)).toEqual([5, 4, 3, 2, 1].map((depth) => `${folder.repeat(depth)}file`))
  expect(warnings).toEqual([
    expect.stringContaining('is not listed completely: it contains names of more than 1024 bytes'),
  ])
  expect(await names(provider, { delimiter: '/' })).toEqual([folder])
  for (const depth of [1, 2, 3, 4, 5]) {
    await provider.removeFile('box', `${folder.repeat(depth)}file`, { signal: never, conditions: {} })
  }
  expect(await names(provider, { delimiter: '/' })).toEqual([])
  const destroying = { signal: never, onlyIfEmpty: true }
  await expect(provider.destroyContainer('box', destroying)).rejects.toMatchObject({ code: 'CONTAINER_NOT_EMPTY' })
  await provider.destroyContainer('box', { ...destroying, onlyIfEmpty: false })
})
