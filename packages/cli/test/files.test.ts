import { mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { Workplace } from './workplace.js'

const lines = (text: string) => text.split('\n').filter((line) => line !== '')
const jsonLines = (text: string) => lines(text).map((line) => JSON.parse(line) as Record<string, unknown>)

test('ls lists data sources, containers, folders and files', async () => {
  await using place = await Workplace.withFiles({ 'files/photos/2025/a.jpg': 'a', 'files/photos/z.jpg': 'zz' })
  const list = async (...args: string[]) => (await place.run(['ls', ...args])).stdout
  expect(await list()).toBe('files\tfilesystem\n')
  expect(await list('files:')).toBe('photos\n')
  expect(await list('files:photos')).toBe('2025/\nz.jpg\n')
  expect(await list('files:photos/')).toBe('2025/\nz.jpg\n')
  expect(await list('files:photos/2025/')).toBe('2025/a.jpg\n')
  expect(await list('-r', 'files:photos')).toBe('2025/a.jpg\nz.jpg\n')
  expect(await list('-l', 'files:photos/z')).toMatch(/^ +2 {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}z\.jpg\n$/)
  const [folder, file] = jsonLines(await list('--json', 'files:photos'))
  expect(folder).toMatchObject({ name: '2025/', folder: true })
  expect(file).toMatchObject({ name: 'z.jpg', size: 2, etag: expect.any(String) })
})

test('a name cannot steer the terminal or break a line', async () => {
  await using place = await Workplace.withFiles({ 'files/photos/\u001b[31m\n\u009b\u202e': 'x' })
  expect((await place.run(['ls', 'files:photos'])).stdout).toBe('\\u001b[31m\\u000a\\u009b\\u202e\n')
  const { stdout } = await place.run(['ls', '--json', 'files:photos'])
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  expect(jsonLines(stdout)[0]?.['name']).toBe('\u001b[31m\n\u009b\u202e')
})

test('cp takes a tree there and back, with odd names and empty files', async () => {
  await using place = await Workplace.withFiles({
    'tree/a b.txt': 'spaces',
    'tree/sub/ü#?%.txt': 'odd',
    'tree/sub/empty': '',
    'tree/.hidden': 'dot',
  })
  expect((await place.run(['cp', '-r', '--create', 'tree', 'files:photos/2025'])).code).toBe(0)
  expect((await place.run(['cp', '-r', 'files:photos/2025', 'back'])).code).toBe(0)
  expect((await readdir(place.at('back'), { recursive: true })).toSorted()).toEqual(
    (await readdir(place.at('tree'), { recursive: true })).toSorted(),
  )
  for (const name of ['a b.txt', 'sub/ü#?%.txt', 'sub/empty', '.hidden']) {
    expect(await place.read(`back/${name}`)).toBe(await place.read(`tree/${name}`))
  }
})

test('cp puts files into folders under their names, and gives one file a new name', async () => {
  await using place = await Workplace.withFiles({ 'one.txt': '1', 'two.txt': '2', 'files/c/x': 'x' })
  await mkdir(place.at('out'))
  const steps = [
    ['one.txt', 'two.txt', 'files:c/sub/'],
    ['one.txt', 'files:c'],
    ['one.txt', 'files:c/renamed.txt'],
    ['files:c/sub/two.txt', 'files:c/copied.txt'],
    ['files:c/sub/two.txt', 'out'],
    ['files:c/sub/one.txt', 'made/here/'],
    ['files:c/sub/one.txt', 'local.txt'],
  ]
  for (const step of steps) expect(await place.run(['cp', ...step])).toMatchObject({ code: 0, stdout: '', stderr: '' })
  expect(lines((await place.run(['ls', '-r', 'files:c'])).stdout)).toEqual([
    'copied.txt',
    'one.txt',
    'renamed.txt',
    'sub/one.txt',
    'sub/two.txt',
    'x',
  ])
  expect(await place.read('out/two.txt')).toBe('2')
  expect(await place.read('made/here/one.txt')).toBe('1')
  expect(await place.read('local.txt')).toBe('1')
})

test('cp reads the standard input and writes the standard output', async () => {
  await using place = await Workplace.withFiles()
  const bytes = new Uint8Array(300_000).map((_, index) => index % 251)
  expect((await place.run(['cp', '--create', '-', 'files:c/in.bin'], { stdin: bytes })).code).toBe(0)
  expect(new Uint8Array(await readFile(place.at('files/c/in.bin')))).toEqual(bytes)
  expect((await place.run(['cp', '-', 'files:c/text'], { stdin: 'text' })).code).toBe(0)
  expect((await place.run(['cp', 'files:c/text', '-'])).stdout).toBe('text')
})

test('cp --json tells of each file in a line', async () => {
  await using place = await Workplace.withFiles({ 'tree/a': '1', 'tree/b': '22', 'files/c/x': '' })
  const { stdout } = await place.run(['cp', '-r', '--json', 'tree', 'files:c/t'])
  expect(jsonLines(stdout).toSorted((one, other) => Number(one['size']) - Number(other['size']))).toEqual([
    { source: 'tree/a', target: 'files:c/t/a', size: 1 },
    { source: 'tree/b', target: 'files:c/t/b', size: 2 },
  ])
})

test('cp leaves symbolic links in a tree out, and says so', async () => {
  await using place = await Workplace.withFiles({ 'tree/a': '1', 'files/c/x': '' })
  await symlink('/etc/hostname', place.at('tree/link'))
  await symlink('.', place.at('tree/circle'))
  const { code, stderr } = await place.run(['cp', '-r', 'tree', 'files:c/t'])
  expect(code).toBe(0)
  expect(lines(stderr).toSorted()).toEqual([
    'stowage: skipped tree/circle: it is a symbolic link',
    'stowage: skipped tree/link: it is a symbolic link',
  ])
  expect((await place.run(['ls', '-r', 'files:c/t/'])).stdout).toBe('t/a\n')
})

test('a name in a data source never leads out of the directory that it is copied to', async () => {
  await using place = await Workplace.withFiles({ 'files/c/good.txt': 'good' })
  for (const name of ['../out.txt', 'a/../../out.txt', '/etc/out.txt', './dot']) {
    expect((await place.run(['cp', '-', `files:c/${name}`], { stdin: 'bad' })).code).toBe(0)
  }
  const { code, stderr } = await place.run(['cp', '-r', 'files:c', 'into/here'])
  expect(code).toBe(2)
  expect(lines(stderr)).toHaveLength(4)
  expect(await readdir(place.at('into'), { recursive: true })).toEqual(['here', 'here/good.txt'])
})

test('a tree goes on after a file that fails, and ends with its number', async () => {
  await using place = await Workplace.withFiles({
    'tree/a/deep': '1',
    'tree/b': '2',
    'tree/c': '3',
    'files/c/t/a': 'file',
  })
  const { code, stderr } = await place.run(['cp', '-r', 'tree', 'files:c/t'])
  expect(code).toBe(5)
  expect(stderr).toContain('tree/a/deep')
  expect((await place.run(['ls', '-r', 'files:c'])).stdout).toBe('t/a\nt/b\nt/c\n')
})

test('of several files those that can be are copied', async () => {
  await using place = await Workplace.withFiles({ 'files/c/a': 'a', 'files/c/b': 'b' })
  await mkdir(place.at('out'))
  const { code, stderr } = await place.run(['cp', 'files:c/a', 'files:c/none', 'files:c/b', 'out'])
  expect(code).toBe(3)
  expect(lines(stderr)).toEqual(['stowage: files:c/none: file "none" does not exist in container "c"'])
  expect((await readdir(place.at('out'))).toSorted()).toEqual(['a', 'b'])
})

test('cp refuses what it cannot mean, and copies nothing', async () => {
  await using place = await Workplace.withFiles({ 'tree/a': '1', 'one.txt': '1', 'files/c/d/x': 'x' })
  const wrong = [
    [],
    ['one.txt'],
    ['one.txt', 'two.txt'],
    ['one.txt', 'one.txt', 'files:c/name'],
    ['tree', 'files:c'],
    ['--create', 'tree', 'files:other'],
    ['files:c/d/', 'out'],
    ['files:c', 'out'],
    ['-r', 'tree', 'tree', 'files:c'],
    ['-r', 'tree', '-'],
    ['-r', '-', 'files:c'],
    ['-r', 'files:c/d', 'files:c/d/e'],
    ['-', 'files:c/d/'],
    ['one.txt', 'files:'],
    ['one.txt', 'files:/x'],
    ['--parallel', '0', 'one.txt', 'files:c'],
    ['--no-such-option', 'one.txt', 'files:c'],
  ]
  for (const args of wrong) {
    const { code, stderr } = await place.run(['cp', ...args])
    expect(code, args.join(' ')).toBe(2)
    expect(stderr, args.join(' ')).toMatch(/^stowage: .+\n$/)
  }
  expect((await readdir(place.at('files/c'), { recursive: true })).toSorted()).toEqual(['d', 'd/x'])
  expect((await place.run(['ls', 'files:'])).stdout).toBe('c\n')
})

test('each kind of failure has its number', async () => {
  await using place = await Workplace.withFiles({ 'one.txt': '1', 'files/c/x': 'x' })
  const codeOf = async (...args: string[]) => (await place.run(args)).code
  expect(await codeOf('cp', 'one.txt', 'files:none')).toBe(3)
  expect(await codeOf('cp', 'none.txt', 'files:c')).toBe(3)
  expect(await codeOf('cp', 'files:c/none', '.')).toBe(3)
  expect(await codeOf('cp', '-r', 'files:c/none', '.')).toBe(3)
  expect(await codeOf('cp', 'files:c/x', 'no/such/directory')).toBe(3)
  expect(await codeOf('cat', 'nowhere:c/x')).toBe(3)
  expect(await codeOf('ls', 'files:c/none')).toBe(3)
  expect(await codeOf('rm', 'files:c/none')).toBe(3)
  expect(await codeOf('cp', 'one.txt', 'files:c/x/below')).toBe(5)
  expect(await codeOf('ls', '--datasources', 'none.json')).toBe(2)
  expect(await codeOf('frobnicate')).toBe(2)
  expect(await codeOf()).toBe(2)
})

test('a failure is one line of JSON for programs', async () => {
  await using place = await Workplace.withFiles({ 'files/c/x': 'x' })
  const { stderr, stdout } = await place.run(['cat', '--json', 'files:c/none'])
  expect(stdout).toBe('')
  expect(jsonLines(stderr)).toEqual([
    {
      error: {
        message: 'file "none" does not exist in container "c"',
        exitCode: 3,
        code: 'FILE_NOT_FOUND',
        container: 'c',
        file: 'none',
      },
    },
  ])
})

test('cat writes files one after the other, and parts of them', async () => {
  await using place = await Workplace.withFiles({ 'files/c/x': '0123456789', 'files/c/y': 'abc' })
  const cat = async (...args: string[]) => (await place.run(['cat', ...args])).stdout
  expect(await cat('files:c/x', 'files:c/y')).toBe('0123456789abc')
  expect(await cat('--range', '2-4', 'files:c/x')).toBe('234')
  expect(await cat('--range', '8-', 'files:c/x')).toBe('89')
  expect(await cat('--range=-3', 'files:c/x')).toBe('789')
  for (const range of ['-', 'x', '4-2', '']) {
    expect((await place.run(['cat', `--range=${range}`, 'files:c/x'])).code, range).toBe(2)
  }
})

test('rm removes a file without a question, and more only when told', async () => {
  await using place = await Workplace.withFiles({
    'files/c/foo/a': '',
    'files/c/foo/b/c': '',
    'files/c/foobar': '',
    'files/c/x': '',
    'files/c/y': '',
  })
  const rm = async (...args: string[]) => (await place.run(['rm', ...args])).code
  expect(await rm('files:c/x')).toBe(0)
  expect(await rm('files:c/foo/')).toBe(2)
  expect(await rm('files:c')).toBe(2)
  expect(await rm('-r', 'files:c/foo')).toBe(2)
  expect(await rm('files:c/y', 'files:c/foobar')).toBe(2)
  expect((await place.run(['ls', '-r', 'files:c'])).stdout).toBe('foo/a\nfoo/b/c\nfoobar\ny\n')
  expect((await place.run(['rm', '-r', '--yes', '--json', 'files:c/foo'])).stdout).toBe(
    '{"removed":"files:c/foo/a"}\n{"removed":"files:c/foo/b/c"}\n',
  )
  expect((await place.run(['ls', '-r', 'files:c'])).stdout).toBe('foobar\ny\n')
  expect(await rm('-r', '--yes', 'files:c/foo')).toBe(3)
  expect(await rm('--yes', 'files:c/none', 'files:c/y')).toBe(3)
  expect(await rm('-r', '--yes', 'files:c')).toBe(0)
  expect((await place.run(['ls', 'files:'])).stdout).toBe('')
})

test('help and the version go to the standard output', async () => {
  await using place = await Workplace.make({}, { installed: false })
  const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  expect(await place.run(['--version'])).toEqual({ code: 0, stdout: `${JSON.parse(manifest).version}\n`, stderr: '' })
  for (const args of [
    ['--help'],
    ['help'],
    ...['datasource', 'ls', 'cp', 'cat', 'rm'].map((name) => [name, '--help']),
  ]) {
    const { code, stdout, stderr } = await place.run(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Usage: stowage /)
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  }
})
