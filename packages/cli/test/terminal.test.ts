import { expect, test } from 'vitest'
import { ctrlC, down, enter, Workplace } from './workplace.js'

test('a data source is made by answering questions', async () => {
  await using place = await Workplace.make()
  await using session = place.inTerminal(['datasource'])
  await session.answer('Name of the data source', `pictures${enter}`)
  await session.answer('Which service?', enter)
  await session.answer('Root directory: its subdirectories', enter)
  await session.answer('Create the directory', enter)
  await session.answer('Sign in to check the credentials?', enter)
  await session.until('The credentials are valid.')
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
    await session.answer('Data source "files" already exists.', keys)
    if (expected === 0) await session.answer('Sign in to check the credentials?', enter)
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
  await session.answer('Data source "files" already exists.', enter)
  await session.answer('Name of the data source', `other${enter}`)
  expect(await session.exitCode, session.text).toBe(0)
  expect(await place.readJson('datasources.json')).toEqual({
    files: { provider: 'memory' },
    other: { name: 'other', provider: 'memory' },
  })
})

test('a secret that is kept in the environment can be left for later, and then nothing is tried', async () => {
  await using place = await Workplace.make()
  await using session = place.inTerminal(['datasource', '--name', 'cloud', '--provider', 'rackspace'])
  await session.answer("The user's name", enter)
  await session.answer('A value is required', `demo${enter}`)
  await session.answer('where is it stored?', enter)
  await session.answer('Name of the environment variable', `no-variable${enter}`)
  await session.answer('letters, digits and underscores', `${'\u007f'.repeat(11)}MY_KEY${enter}`)
  await session.answer('empty: skip', enter)
  await session.answer('Region', enter)
  await session.until('Not checked: MY_KEY is not set.')
  expect(await session.exitCode, session.text).toBe(0)
  expect(await place.readJson('datasources.json')).toEqual({
    cloud: { name: 'cloud', provider: 'rackspace', username: 'demo', apiKey: '${MY_KEY}' },
  })
})

test('a secret can stand in the file, and is not shown while it is typed', async () => {
  await using place = await Workplace.make()
  await using session = place.inTerminal(['datasource', '--name', 'cloud', '--provider', 'rackspace', '--no-check'])
  await session.answer("The user's name", `demo${enter}`)
  await session.answer('where is it stored?', down + enter)
  await session.answer('not shown', enter)
  await session.answer('A value is required', `h0rse-\${staple}${enter}`)
  await session.answer('Region', `LON${enter}`)
  await session.until('apiKey as plain text')
  expect(await session.exitCode, session.text).toBe(0)
  expect(session.raw).not.toContain('h0rse')
  // As the file has it: the secret is no reference to a variable.
  expect(await place.readJson('datasources.json')).toMatchObject({
    cloud: { apiKey: 'h0rse-$${staple}', region: 'LON' },
  })
})
