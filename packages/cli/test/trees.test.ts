import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { Workplace } from './workplace.js'

const lines = (text: string) => text.split('\n').filter((line) => line !== '')

/**
 * A path with bytes that are not UTF-8, of which each `?` is the byte 0xff and each `!` the byte
 * 0xfe.
 */
const rawPath = (path: string) => Buffer.from(path.replaceAll('?', '\xff').replaceAll('!', '\xfe'), 'latin1')

test.skipIf(process.platform !== 'linux')('each name that is not UTF-8 fails and the rest is copied', async () => {
  // Decoded, the two names with a wrong byte become the third.
  await using place = await Workplace.withFiles({
    'tree/a': '1',
    'tree/x\ufffd': 'valid',
    'tree/z': '2',
    'files/c/k': '',
  })
  await writeFile(rawPath(place.at('tree/x?')), 'lost')
  await writeFile(rawPath(place.at('tree/x!')), 'lost')
  await mkdir(rawPath(place.at('tree/d?')))
  await writeFile(rawPath(place.at('tree/d?/below')), 'lost')
  const { code, stderr } = await place.run(['cp', '-r', 'tree', 'files:c/t'])
  expect(code).toBe(2)
  expect(lines(stderr).toSorted()).toEqual([
    'stowage: tree/d\\xff: the name of this directory is not UTF-8',
    'stowage: tree/x\\xfe: the name of this file is not UTF-8',
    'stowage: tree/x\\xff: the name of this file is not UTF-8',
  ])
  expect((await place.run(['ls', '-r', 'files:c/t/'])).stdout).toBe('t/a\nt/x\ufffd\nt/z\n')
  expect(await place.read('files/c/t/x\ufffd')).toBe('valid')
})

test('a directory and a file that cannot be read fail, and the rest is copied', async () => {
  await using place = await Workplace.withFiles({
    'tree/a': '1',
    'tree/locked/x': 'x',
    'tree/sealed': 'y',
    'tree/z': '2',
    'files/c/k': '',
  })
  await chmod(place.at('tree/locked'), 0)
  await chmod(place.at('tree/sealed'), 0)
  const { code, stderr } = await place.run(['cp', '-r', 'tree', 'files:c/t'], { restricted: true })
  await chmod(place.at('tree/locked'), 0o755)
  expect(code).toBe(4)
  expect(lines(stderr)).toHaveLength(2)
  expect(stderr).toContain('tree/locked: permission denied')
  expect(stderr).toContain('tree/sealed: permission denied')
  expect((await place.run(['ls', '-r', 'files:c/t/'])).stdout).toBe('t/a\nt/z\n')
})

test('cp -r does not write through symbolic links below the target', async () => {
  await using place = await Workplace.withFiles({
    'files/c/out/a': 'new',
    'files/c/b': 'new',
    'files/c/sub/good': 'new',
    'elsewhere/a': 'old',
    'elsewhere/b': 'old',
  })
  await mkdir(place.at('target'))
  await symlink('../elsewhere', place.at('target/out'))
  await symlink('../elsewhere/b', place.at('target/b'))
  const { code, stderr } = await place.run(['cp', '-r', 'files:c', 'target'])
  expect(code).toBe(5)
  expect(lines(stderr).toSorted()).toEqual([
    'stowage: files:c/b: target/b is a symbolic link, and links below the target are not followed',
    'stowage: files:c/out/a: target/out is a symbolic link, and links below the target are not followed',
  ])
  expect([await place.read('elsewhere/a'), await place.read('elsewhere/b')]).toEqual(['old', 'old'])
  expect(await readdir(place.at('elsewhere'))).toEqual(['a', 'b'])
  expect(await place.read('target/sub/good')).toBe('new')
})

test('the target itself may be a symbolic link', async () => {
  await using place = await Workplace.withFiles({ 'files/c/sub/a': '1' })
  await mkdir(place.at('real'))
  await symlink('real', place.at('target'))
  expect(await place.run(['cp', '-r', 'files:c', 'target'])).toMatchObject({ code: 0, stderr: '' })
  expect(await place.read('real/sub/a')).toBe('1')
})

test('cp -r of one file copies it as cp does', async () => {
  await using place = await Workplace.withFiles({ 'one.txt': '1', 'files/c/two.txt': '2', 'files/c/d/x': '' })
  const steps = [
    ['one.txt', 'files:c/renamed.txt'],
    ['one.txt', 'files:c/d/'],
    ['files:c/two.txt', 'files:c/copied.txt'],
    ['files:c/two.txt', 'two.txt'],
    ['files:c/two.txt', 'out/'],
  ]
  for (const step of steps) expect(await place.run(['cp', '-r', ...step])).toMatchObject({ code: 0, stderr: '' })
  expect(lines((await place.run(['ls', '-r', 'files:c'])).stdout)).toEqual([
    'copied.txt',
    'd/one.txt',
    'd/x',
    'renamed.txt',
    'two.txt',
  ])
  expect([await place.read('two.txt'), await place.read('out/two.txt')]).toEqual(['2', '2'])
  const missing = await place.run(['cp', '-r', 'files:c/none', 'out'])
  expect(missing).toMatchObject({ code: 3, stderr: 'stowage: no file in "files:c/none"\n' })
  expect((await place.run(['cp', '-r', 'missing', 'files:c'])).code).toBe(3)
})
