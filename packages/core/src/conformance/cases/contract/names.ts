/**
 * C. File names. Each of them is used by every operation.
 */
import assert from 'node:assert/strict'
import { type ConformanceCase, type ConformanceCategory, needs } from '../../run/case.js'
import type { CaseContext } from '../../run/context.js'
import { bytes } from '../../tools/content.js'
import { rejects, sameBytes } from '../../tools/expectations.js'

/** A case that uses each name with every operation, one name in the container at a time. */
const roundTrip = (id: string, name: string, ...files: readonly string[]): ConformanceCase => ({
  id,
  name,
  async run(context) {
    for (const file of files) await context.roundTrip(file)
    await context.storage.destroyContainer(context.container, { onlyIfEmpty: true })
  },
})

/**
 * A case that stores all names together, with different content, and removes them one by one. A
 * second spelling of a name is rejected, and changes nothing.
 */
const sideBySide = (id: string, name: string, ...files: readonly string[]): ConformanceCase => ({
  id,
  name,
  async run(context) {
    await apart(context, files)
    await context.storage.destroyContainer(context.container, { onlyIfEmpty: true })
  },
})

async function apart(context: CaseContext, names: readonly string[]): Promise<void> {
  const { storage, container } = context
  const files = context.distinct(names)
  const sorted = files.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  for (const [index, file] of files.entries()) await context.put(file, bytes(100 + index, index))
  for (const name of names) {
    if (!files.includes(name)) await rejects(context.put(name, bytes(1)), 'NAME_CONFLICT')
  }
  assert.deepEqual(await context.names(), sorted)
  for (const [index, file] of files.entries()) {
    sameBytes(await context.read(file), bytes(100 + index, index), `the content of ${JSON.stringify(file)}`)
  }
  for (const [index, file] of files.entries()) {
    await storage.removeFile(container, file)
    const left = sorted.filter((name) => files.indexOf(name) > index)
    assert.deepEqual(await context.names(), left, `after the removal of ${JSON.stringify(file)}`)
  }
}

const characters = (from: number, to: number) =>
  String.fromCharCode(...Array.from({ length: to - from + 1 }, (_, index) => from + index))

/** Asserts that every call rejects the names before any I/O. */
async function expectInvalid(context: CaseContext, ...names: readonly unknown[]): Promise<void> {
  const faulty = context.faulty()
  const storage = context.over(faulty)
  const { container } = context
  for (const file of names as string[]) {
    const here = { container, file }
    const there = { container, file: 'fine' }
    await rejects(storage.putFile(container, file, bytes(1)), 'INVALID_NAME')
    await rejects(storage.getFile(container, file), 'INVALID_NAME')
    await rejects(storage.hasFile(container, file), 'INVALID_NAME')
    await rejects(storage.openFile(container, file), 'INVALID_NAME')
    await rejects(storage.removeFile(container, file), 'INVALID_NAME')
    await rejects(storage.removeFiles(container, ['fine', file]), 'INVALID_NAME')
    await rejects(storage.copyFile(here, there), 'INVALID_NAME')
    await rejects(storage.copyFile(there, here), 'INVALID_NAME')
    await rejects(storage.moveFile(there, here), 'INVALID_NAME')
    if (context.capabilities.parts !== false) await rejects(storage.startUpload(container, file), 'INVALID_NAME')
    if (context.capabilities.signedUrls !== false) {
      await rejects(storage.signUrl(container, file, { method: 'GET', expiresIn: 60 }), 'INVALID_NAME')
    }
  }
  assert.deepEqual(faulty.calls, [])
}

export const names: ConformanceCategory = {
  title: 'File names',
  cases: [
    roundTrip('C.1', 'slashes', 'a/b/c.txt', 'a/b'),
    roundTrip('C.2', 'repeated slashes', 'a//b', 'a///b////c', '//'),
    roundTrip('C.3', 'a leading slash', '/a', '/a/b', '/'),
    roundTrip('C.4', 'a trailing slash', 'a/', 'a/b/'),
    roundTrip('C.5', '../ inside', 'a/../b', '../a', '../../../../a', '..', 'a/..', '...', 'a/.../b'),
    roundTrip('C.6', './ inside', 'a/./b', './a', '.', 'a/.'),
    roundTrip('C.7', 'a backslash', 'a\\b', '\\a', 'a\\'),
    roundTrip('C.8', 'repeated backslashes', 'a\\\\b', 'a\\\\\\b', '\\\\server\\share\\file'),
    roundTrip('C.9', '..\\', '..\\a', 'a\\..\\b', '..\\..\\..\\a', '/..\\'),
    roundTrip('C.10', 'double quotes', '"', 'a"b', '"a"', '\\"'),
    roundTrip('C.11', 'a single quote and a backtick', "it's", 'a`b', "'", '`'),
    roundTrip('C.12', 'spaces inside', 'a b', 'a  b', 'a b/c d.txt'),
    roundTrip('C.13', 'leading and trailing spaces', ' a', 'a ', ' ', ' a/ b ', 'a /b'),
    roundTrip('C.14', 'a leading dot', '.a', '.a/.b', '..a', '.htaccess'),
    roundTrip('C.15', 'a trailing dot', 'a.', 'a..', 'a./b.'),
    roundTrip('C.16', 'a tilde', '~', '~a', 'a~', '~/a', 'A~1.TXT'),
    roundTrip('C.17', 'TAB, CR, LF and VT', 'a\tb', 'a\rb', 'a\nb', 'a\vb', 'a\r\nb', '\n'),
    roundTrip('C.18', 'ASCII 1 to 31', characters(1, 31), `a${characters(1, 31)}b`),
    roundTrip('C.19', 'ASCII 32 to 127', characters(32, 127), `a${characters(32, 127)}b`),
    roundTrip('C.20', 'DEL', '\x7f', 'a\x7fb'),
    roundTrip('C.21', 'names that look percent-encoded', '%48%45', '%2F', 'a%2Fb', '%2e%2e%2fa', '%00', '%25', '%'),
    roundTrip('C.22', 'a percent sign that encodes nothing', '%Q', 'a%', '100%', '%%', '%4', '%u0041'),
    roundTrip('C.23', 'a plus sign', 'a+b', '+', 'a+b c%20d'),
    roundTrip('C.24', '# ? & =', 'a#b', 'a?b', 'a&b=c', '#', '?', '?versionId=1', 'a;b'),
    roundTrip('C.25', '< > : | *', 'a<b>c', 'a:b', 'a|b', 'a*b', 'C:\\a', 'a:$DATA', '<>:|*'),
    roundTrip('C.26', 'emoji with ZWJ', '👩‍👩‍👧‍👦.png', '🏳️‍🌈', '😀/😀', '\u{10ffff}'),
    roundTrip(
      'C.27',
      'CJK and right-to-left',
      '文件.txt',
      '日本語/ファイル',
      'ملف.txt',
      'קובץ',
      'a\u202eb',
      '\ufeffa',
      '한국어',
    ),
    sideBySide('C.28', 'NFC and NFD are different names', 'caf\u00e9', 'cafe\u0301', '\u212b', '\u00c5', 'A\u030a'),
    sideBySide(
      'C.29',
      'names that differ only in case',
      'name',
      'Name',
      'NAME',
      'naMe/a',
      'nAme/a',
      'ı',
      'İ',
      'ß',
      'ẞ',
    ),
    roundTrip('C.30', 'names of Windows devices', 'CON', 'nul', 'aux.txt', 'COM1', 'lpt9.dat', 'a/PRN/b', 'CONIN$'),
    roundTrip(
      'C.31',
      'names of JavaScript object properties',
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '__proto__/polluted',
    ),
    roundTrip(
      'C.32',
      '1,024 bytes',
      'a'.repeat(1024),
      'é'.repeat(512),
      '😀'.repeat(256),
      `${'a/'.repeat(511)}ab`,
      '/'.repeat(1024),
      '%'.repeat(1024),
    ),
    {
      id: 'C.33',
      name: '1,025 bytes are rejected',
      run: (context) => expectInvalid(context, 'a'.repeat(1025), `${'é'.repeat(512)}a`, `${'😀'.repeat(256)}a`),
    },
    roundTrip(
      'C.34',
      'a segment of 256 bytes',
      'a'.repeat(256),
      `a/${'b'.repeat(256)}/c`,
      'é'.repeat(128),
      `${'c'.repeat(255)}/${'d'.repeat(255)}`,
    ),
    {
      id: 'C.35',
      name: 'both a and a/b',
      needs: needs.fileBesideFolder,
      run: (context) => apart(context, ['a', 'a/b', 'a/b/c', 'a/', 'a-b', 'a0']),
      async rejection(context) {
        const { storage, container } = context
        await context.put('a', bytes(10))
        const below = await rejects(context.put('a/b', bytes(20)), 'NAME_CONFLICT')
        assert.equal(below.details.conflictsWith, 'a')
        await rejects(context.put('a/b/c', bytes(20)), 'NAME_CONFLICT')
        sameBytes(await context.read('a'), bytes(10))
        await context.put('x/y/z', bytes(30))
        await rejects(context.put('x/y', bytes(20)), 'NAME_CONFLICT')
        await rejects(context.put('x', bytes(20)), 'NAME_CONFLICT')
        await rejects(storage.copyFile({ container, file: 'a' }, { container, file: 'x/y' }), 'NAME_CONFLICT')
        sameBytes(await context.read('x/y/z'), bytes(30))
        assert.deepEqual(await context.names(), ['a', 'x/y/z'])
        await storage.removeFile(container, 'a')
        await context.put('a/b', bytes(20))
        await storage.removeFile(container, 'x/y/z')
        await context.put('x', bytes(20))
        assert.deepEqual(await context.names(), ['a/b', 'x'])
      },
    },
    roundTrip(
      'C.36',
      'names that look like internal files of a storage',
      '.stowage',
      '.stowage/attributes/a',
      '.stowage-tmp',
      '.tmp/a',
      '.uploads/1',
      'a.tmp',
      'a.part',
      '.meta.json',
      '_segments/a/1',
      '.file-segments/a',
      '.fuse_hidden0001',
      '$root',
      'a.stowage',
      '%stowage',
    ),
    {
      id: 'C.37',
      name: 'the empty name is rejected',
      run: (context) => expectInvalid(context, '', undefined, null, 7, {}),
    },
    {
      id: 'C.38',
      name: 'a lone surrogate is rejected',
      run: (context) => expectInvalid(context, '\ud800', 'a\udfff', 'a\ud83db', '\ude00\ud83d'),
    },
    sideBySide(
      'C.39',
      'names that escaping could confuse',
      'a/b',
      'a%2Fb',
      'a%252Fb',
      'a_b',
      'a=2Fb',
      'a\\b',
      'a:b',
      'a∕b',
    ),
    sideBySide(
      'C.40',
      'names that differ only in a trailing NUL, dot or space',
      'end',
      'end\0',
      'end.',
      'end ',
      'end\0x',
    ),
  ],
}
