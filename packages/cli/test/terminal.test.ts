import { expect, test } from 'vitest'
import { ctrlC, down, enter, Workplace } from './workplace.js'

test('a data source is made by answering questions', async () => {
  await using place = await Workplace.make()
  await using session = place.inTerminal(['datasource'])
  await session.answer('Name of the data source', `pictures${enter}`)
  await session.answer('Which service?', enter)
  await session.answer('Directory whose directories', enter)
  await session.answer('Make the directory', enter)
  await session.answer('Try it by signing in?', enter)
  await session.until('The credentials are good.')
  await session.until('npx @stowage/cli ls pictures:')
  expect(await session.exitCode, session.text).toBe(0)
  expect(await place.readJson('datasources.json')).toEqual({
    pictures: { name: 'pictures', provider: 'filesystem', root: './files', createRoot: true },
  })
})

test('Ctrl-C at a question writes nothing and ends with 130', async () => {
  await using place = await Workplace.make()
  await using session = place.inTerminal(['datasource'])
  await session.answer('Name of the data source', `pictures${enter}`)
  await session.answer('Which service?', ctrlC)
  expect(await session.exitCode).toBe(130)
  await expect(place.read('datasources.json')).rejects.toThrow('ENOENT')
})

test('an existing entry is left as it is, replaced, or left beside one of another name', async () => {
  const before = '{\n  "files": { "provider": "memory" }\n}\n'
  for (const [keys, expected] of [
    [`${down}${down}${enter}`, 5],
    [`${down}${enter}`, 0],
  ] as const) {
    await using place = await Workplace.make({ 'datasources.json': before })
    await using session = place.inTerminal(['datasource', '--provider', 'filesystem', '--set', 'root=.'])
    await session.answer('Name of the data source', enter)
    await session.answer('There is a data source files already.', keys)
    if (expected === 0) await session.answer('Try it by signing in?', enter)
    expect(await session.exitCode, session.text).toBe(expected)
    const after = await place.read('datasources.json')
    if (expected === 5) expect(after).toBe(before)
    else expect(JSON.parse(after)).toEqual({ files: { name: 'files', provider: 'filesystem', root: '.' } })
  }
})

test('a name that is taken can be answered with another one', async () => {
  await using place = await Workplace.make({ 'datasources.json': '{"files":{"provider":"memory"}}' })
  await using session = place.inTerminal(['datasource', '--provider', 'memory', '--no-check'])
  await session.answer('Name of the data source', enter)
  await session.answer('There is a data source files already.', enter)
  await session.answer('Name of the data source', `other${enter}`)
  expect(await session.exitCode, session.text).toBe(0)
  expect(await place.readJson('datasources.json')).toEqual({
    files: { provider: 'memory' },
    other: { name: 'other', provider: 'memory' },
  })
})
