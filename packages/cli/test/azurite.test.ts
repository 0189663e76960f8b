import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describeServer } from '@stowage/test-servers'
import { expect, test } from 'vitest'
import { down, enter, Workplace } from './workplace.js'

describeServer('azurite', ({ storageAccount, storageAccessKey, endpoint, connectionString }) => {
  const entry = { provider: 'azure', storageAccount, storageAccessKey: '${CLOUD_KEY}', endpoint }
  const environment = { CLOUD_KEY: storageAccessKey }
  const wrongKey = randomBytes(64).toString('base64')
  const container = () => `cli-${randomBytes(6).toString('hex')}`

  const cloudPlace = () =>
    Workplace.make({
      'datasources.json': JSON.stringify({
        cloud: entry,
        files: { provider: 'filesystem', root: './files', createRoot: true },
      }),
    })

  test('a wrong key is told of and can be corrected, and no key is shown or written', async () => {
    await using place = await Workplace.make()
    await using session = place.inTerminal(['datasource', '--name', 'cloud', '--provider', 'azure'])
    const answerAll = async (key: string) => {
      await session.answer('How to sign in?', enter)
      await session.answer("The account's name", storageAccount + enter)
      await session.answer('where is it stored?', enter)
      await session.answer('Name of the environment variable', enter)
      await session.answer('not shown', key + enter)
      await session.answer("The blob service's URL", endpoint + enter)
    }
    await answerAll(wrongKey)
    await session.answer('Sign in to check the credentials?', enter)
    await session.until('Failed:')
    await session.answer('What next?', enter)
    await answerAll(storageAccessKey)
    await session.answer('Sign in to check the credentials?', enter)
    await session.until('The credentials are valid.')
    await session.until('set CLOUD_STORAGE_ACCESS_KEY in the environment')
    expect(await session.exitCode, session.text).toBe(0)
    expect(session.raw).not.toContain(storageAccessKey.slice(0, 12))
    expect(session.raw).not.toContain(wrongKey.slice(0, 12))
    expect(await place.readJson('datasources.json')).toEqual({
      cloud: { name: 'cloud', ...entry, storageAccessKey: '${CLOUD_STORAGE_ACCESS_KEY}' },
    })
  })

  test('after a wrong key everything can be left as it was', async () => {
    await using place = await Workplace.make()
    const sets = Object.entries({ storageAccount, storageAccessKey: wrongKey, endpoint })
    const args = sets.flatMap(([name, value]) => ['--set', `${name}=${value}`])
    await using session = place.inTerminal(['datasource', '--name', 'cloud', '--provider', 'azure', '--check', ...args])
    await session.answer('What next?', down + enter)
    expect(await session.exitCode, session.text).toBe(4)
    await expect(place.read('datasources.json')).rejects.toThrow('ENOENT')
  })

  test('a script is told of a wrong key by the number 4, and nothing is written', async () => {
    await using place = await Workplace.make()
    const { code, stderr } = await place.run(
      ['datasource', '--name', 'cloud', '--provider', 'azure', '--set', 'connectionString=${CLOUD}'],
      { environment: { CLOUD: connectionString.replace(storageAccessKey, wrongKey) } },
    )
    expect(code, stderr).toBe(4)
    expect(stderr).not.toContain(wrongKey)
    await expect(place.read('datasources.json')).rejects.toThrow('ENOENT')
  })

  test('a script makes a data source with a reference to the environment', async () => {
    await using place = await Workplace.make()
    const { code, stdout, stderr } = await place.run(
      ['datasource', '--name', 'cloud', '--provider', 'azure', '--set', 'connectionString=${CLOUD}', '--json'],
      { environment: { CLOUD: connectionString } },
    )
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ name: 'cloud', provider: 'azure', installed: [], checked: true })
    expect(await place.readJson('datasources.json')).toEqual({
      cloud: { name: 'cloud', provider: 'azure', connectionString: '${CLOUD}' },
    })
  })

  test('files go to the cloud, are listed and shown, go to another data source, come back, and are removed', async () => {
    await using place = await cloudPlace()
    const name = container()
    const large = randomBytes(9_000_000)
    await place.write('tree/a.txt', 'first')
    await place.write('tree/sub/ü b.bin', large)
    const run = async (...args: string[]) => {
      const outcome = await place.run(args, { environment })
      expect(outcome.code, outcome.stderr).toBe(0)
      return outcome.stdout
    }
    await run('cp', '-r', '--create', 'tree', `cloud:${name}/t`)
    expect(await run('ls', `cloud:${name}/t/`)).toBe('t/a.txt\nt/sub/\n')
    expect(await run('cat', `cloud:${name}/t/a.txt`)).toBe('first')
    await run('cp', '-r', '--create', `cloud:${name}/t`, 'files:copies')
    await run('cp', '-r', 'files:copies', `cloud:${name}/again`)
    await run('cp', `cloud:${name}/again/sub/ü b.bin`, 'back.bin')
    expect((await readFile(place.at('back.bin'))).equals(large)).toBe(true)
    await run('rm', '-r', '--yes', `cloud:${name}/t`)
    expect(await run('ls', '-r', `cloud:${name}`)).toBe('again/a.txt\nagain/sub/ü b.bin\n')
    await run('rm', '-r', '--yes', `cloud:${name}`)
    expect((await place.run(['ls', `cloud:${name}`], { environment })).code).toBe(3)
  })
})
