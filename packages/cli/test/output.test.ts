import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { ctrlC, enter, program, Workplace } from './workplace.js'

/** What sets colours and other looks of text (ECMA-48, "SGR"). */
const looks = /\u001b\[[0-9;]*m/

test('there is colour in a terminal', async () => {
  await using place = await Workplace.withFiles({ 'files/c/folder/x': '' })
  await using session = place.inTerminal(['ls', 'files:c'])
  expect(await session.exitCode).toBe(0)
  expect(session.raw).toMatch(looks)
  expect(session.text.trim()).toBe('folder/')
})

test('NO_COLOR is honoured in a terminal, by lists, failures and questions', async () => {
  await using place = await Workplace.withFiles({ 'files/c/folder/x': '' })
  for (const args of [
    ['ls', 'files:c'],
    ['cat', 'files:c/none'],
  ]) {
    await using session = place.inTerminal(args, { NO_COLOR: '1' })
    await session.exitCode
    expect(session.text).toMatch(/folder|none/)
    expect(session.raw).not.toMatch(looks)
  }
  await using session = place.inTerminal(['rm', '-r', 'files:c'], { NO_COLOR: '1' })
  await session.answer('Delete the container files:c (1 file)?', ctrlC)
  expect(await session.exitCode).toBe(130)
  expect(session.raw).not.toMatch(looks)
})

test('there is neither colour nor progress without a terminal', async () => {
  await using place = await Workplace.withFiles({ 'files/c/folder/x': 'x' })
  for (const args of [
    ['ls', 'files:c'],
    ['cp', '-r', 'files:c', 'files:c2'],
    ['cp', '-r', '--create', 'files:c', 'files:c2'],
    ['frobnicate'],
  ]) {
    const { stdout, stderr } = await place.run(args)
    expect(stdout + stderr).not.toContain('\u001b')
    expect(stdout + stderr).not.toContain('\r')
  }
})

test('a terminal is told what was copied, and scripts are told nothing', async () => {
  await using place = await Workplace.withFiles({ 'tree/a': 'x'.repeat(2048), 'tree/b/c': '', 'files/c/x': '' })
  await using session = place.inTerminal(['cp', '-r', 'tree', 'files:c'])
  expect(await session.exitCode).toBe(0)
  expect(session.text).toContain('2 files, 2.0 KiB in ')
  expect(await place.run(['cp', '-r', 'tree', 'files:c'])).toEqual({ code: 0, stdout: '', stderr: '' })
})

test('a question comes before more than one file is removed in a terminal', async () => {
  await using place = await Workplace.withFiles({ 'files/c/d/a': '', 'files/c/d/b': '', 'files/c/e': '' })
  const list = async () => (await place.run(['ls', '-r', 'files:c'])).stdout
  {
    await using session = place.inTerminal(['rm', '-r', 'files:c/d'])
    await session.answer('Delete everything below files:c/d (2 files)?', enter)
    expect(await session.exitCode).toBe(1)
    expect(session.text).toContain('nothing was deleted')
    expect(await list()).toBe('d/a\nd/b\ne\n')
  }
  await using session = place.inTerminal(['rm', 'files:c/d/a', 'files:c/e'])
  await session.answer('Delete files:c/d/a, files:c/e?', 'y')
  expect(await session.exitCode).toBe(0)
  expect(await list()).toBe('d/b\n')
})

test('a reader that goes away ends the list quietly, as it ends other programs', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 3000 }, (_, number) => [`files/c/${'n'.repeat(50)}${number}`, '']),
  )
  await using place = await Workplace.withFiles({ ...files, 'files/d/large': 'x'.repeat(3_000_000) })
  for (const args of ['ls files:c', 'ls --json files:c', 'cat files:d/large', 'cp files:d/large -']) {
    const script = `"$0" "$1" ${args} 2>errors | head -c 10 >/dev/null; exit "\${PIPESTATUS[0]}"`
    const { status, stderr } = spawnSync('bash', ['-c', script, process.execPath, program], { cwd: place.path })
    expect(status, args).toBe(141)
    expect(String(stderr) + (await place.read('errors')), args).toBe('')
  }
})
