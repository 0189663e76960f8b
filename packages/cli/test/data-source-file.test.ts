import { chmod, readdir, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findDataSourceFile, withEntry, writeEntry } from '../src/data-sources/data-source-file.js'
import { Workplace } from './workplace.js'

const entry = { name: 'new', provider: 'memory' }

test('a new entry comes last, in the indentation that the file has', () => {
  expect(withEntry('{\n    "db": {\n        "connector": "memory"\n    }\n}\n', 'new', entry)).toBe(
    '{\n    "db": {\n        "connector": "memory"\n    },\n    "new": {\n        "name": "new",\n        "provider": "memory"\n    }\n}\n',
  )
  expect(withEntry('{\n\t"db": {\n\t\t"connector": "memory"\n\t}\n}', 'new', entry)).toBe(
    '{\n\t"db": {\n\t\t"connector": "memory"\n\t},\n\t"new": {\n\t\t"name": "new",\n\t\t"provider": "memory"\n\t}\n}',
  )
})

test('lines end as they do in the file', () => {
  const edited = withEntry('{\r\n  "db": {}\r\n}\r\n', 'new', entry)
  expect(edited.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  expect(edited).toMatch(/\}\r\n$/)
})

test('a new entry leaves every other byte as it is, whatever the others look like', () => {
  const odd = '{\n  "a" :{"x":   1},   "z":[1,2,\n3] , "2": 1, "1": "é\\u00e9" }'
  const added = ',\n  "new": {\n    "name": "new",\n    "provider": "memory"\n  }'
  expect(withEntry(odd, 'new', entry)).toBe(`${odd.slice(0, -2)}${added} }`)
})

test('a byte order mark stays in front', async () => {
  await using place = await Workplace.make({ 'datasources.json': '\uFEFF{"db":{}}' }, { installed: false })
  await writeEntry(place.at('datasources.json'), 'new', entry, { replace: false })
  expect(await place.read('datasources.json')).toBe('\uFEFF{"db":{},"new":{"name":"new","provider":"memory"}}')
  expect(withEntry('\uFEFF', 'new', entry)).toBe(`\uFEFF${withEntry('', 'new', entry)}`)
})

test('a file in one line stays one', () => {
  expect(withEntry('{"db":{"connector":"memory"}}', 'new', entry)).toBe(
    '{"db":{"connector":"memory"},"new":{"name":"new","provider":"memory"}}',
  )
})

test('an entry is replaced in its place, and every other byte stays', () => {
  const before = '{ "a" :{"x":   1},\n  '
  const after = ', "z":[1,2,\n3] , "2": 1, "1": "é\\u00e9" }'
  const edited = withEntry(`${before}"new" : {"provider":\n"azure"}${after}`, 'new', entry)
  expect(edited).toBe(`${before}"new" : {"name":"new","provider":"memory"}${after}`)
})

test('of two entries of one name the one that counts is replaced', () => {
  expect(JSON.parse(withEntry('{"new":{"a":1},"new":{"b":1}}', 'new', entry))).toEqual({ new: entry })
})

test('whatever JSON the file is, the entry is in it afterwards and the others are as they were', () => {
  const name = fc.oneof(fc.string(), fc.constantFrom('new', '__proto__', 'constructor', 'a"b', '1'))
  const indentation = fc.constantFrom(undefined, 1, 4, '\t')
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.jsonValue()),
      indentation,
      fc.constantFrom('\n', '\r\n'),
      name,
      (entries, indent, eol, key) => {
        const text = JSON.stringify(entries, undefined, indent).replaceAll('\n', eol)
        const parsed = JSON.parse(text) as object
        expect(JSON.parse(withEntry(text, key, entry))).toEqual(JSON.parse(JSON.stringify({ ...parsed, [key]: entry })))
      },
    ),
  )
})

test('a file that is not there, empty or an empty object becomes a whole one', () => {
  const expected = '{\n  "new": {\n    "name": "new",\n    "provider": "memory"\n  }\n}\n'
  for (const text of ['', ' \n', '{}', '{}\n']) expect(withEntry(text, 'new', entry)).toBe(expected)
})

test('the file keeps its permissions, a symbolic link stays one, and nothing else is left beside it', async () => {
  await using place = await Workplace.make({ 'real/sources.json': '{"db":{}}' }, { installed: false })
  await chmod(place.at('real/sources.json'), 0o640)
  await symlink(join('real', 'sources.json'), place.at('datasources.json'))
  await writeEntry(place.at('datasources.json'), 'new', entry, { replace: false })
  expect(await readlink(place.at('datasources.json'))).toBe(join('real', 'sources.json'))
  expect(await place.readJson('real/sources.json')).toEqual({ db: {}, new: entry })
  expect((await stat(place.at('real/sources.json'))).mode & 0o777).toBe(0o640)
  expect(await readdir(place.at('real'))).toEqual(['sources.json'])
})

test('an entry that is there is not replaced without being told', async () => {
  await using place = await Workplace.make({ 'datasources.json': '{"new":{}}' }, { installed: false })
  await expect(writeEntry(place.at('datasources.json'), 'new', entry, { replace: false })).rejects.toThrow('already')
  expect(await place.read('datasources.json')).toBe('{"new":{}}')
  await writeEntry(place.at('datasources.json'), 'new', entry, { replace: true })
  expect(await place.readJson('datasources.json')).toEqual({ new: entry })
})

test('a file that is no JSON, or holds no object, is left as it is, and its content is not told', async () => {
  await using place = await Workplace.make({}, { installed: false })
  for (const [text, words] of [
    ['{"key": secret}', 'is not valid JSON: line 1, column 9'],
    ['["secret"]', 'must contain an object'],
    ['// secret\n{}', 'is not valid JSON: line 1, column 1'],
  ] as const) {
    await writeFile(place.at('datasources.json'), text)
    const written = writeEntry(place.at('datasources.json'), 'new', entry, { replace: true })
    await expect(written).rejects.toThrow(`${place.at('datasources.json')}" ${words}`)
    await expect(written).rejects.not.toThrow('secret')
    expect(await place.read('datasources.json')).toBe(text)
  }
})

test("the file is looked for here and further up, as far as the project's package.json", async () => {
  await using place = await Workplace.make({ 'deep/er/x': '', 'inner/package.json': '{}' }, { installed: false })
  const lookFrom = (...names: string[]) => findDataSourceFile(place.at(...names))
  expect(await lookFrom('deep', 'er')).toEqual({ file: place.at('datasources.json'), found: false })
  await place.write('server/datasources.json', '{}')
  expect(await lookFrom('deep', 'er')).toEqual({ file: place.at('server', 'datasources.json'), found: true })
  await place.write('datasources.json', '{}')
  expect(await lookFrom('deep', 'er')).toEqual({ file: place.at('datasources.json'), found: true })
  expect(await lookFrom('inner')).toEqual({ file: place.at('inner', 'datasources.json'), found: false })
})
