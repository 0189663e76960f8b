import { expect, test } from 'vitest'
import { runDemo, startDemo, workplace } from './demo-process.js'

const storage = { provider: 'memory' }

test('--all serves what this machine can run, tells what it cannot and why, and stops what it started', async () => {
  await using place = await workplace({ storage })
  // Without a search path none of Debian's servers is found; Azurite comes from npm.
  await using demo = await startDemo(place.directory, { ...place.environment, PATH: '' }, ['--all'])
  expect(demo.process.stderr).toMatch(/^ {2}amazon: Ceph.*: not started, it is not installed\. On Debian 12: apt-get/m)
  expect(demo.process.stderr).toMatch(/^ {2}openstack: .*: not started, .*apt-get/m)
  expect(demo.process.stderr).toMatch(/^ {2}rackspace: .*: not started, .*apt-get/m)
  const sources = await (await fetch(`${demo.url}/api/datasources`)).json()
  expect(sources).toMatchObject([
    { name: 'storage', provider: 'memory', main: true },
    { name: 'azure', provider: 'azure', main: false, capabilities: {} },
  ])
  const containers = `${demo.url}/api/datasources/azure/containers`
  const json = { 'Content-Type': 'application/json' }
  await fetch(containers, { method: 'POST', headers: json, body: '{"name":"photos"}' })
  const put = await fetch(`${containers}/photos/files/a/b.txt`, { method: 'PUT', body: 'Azure' })
  expect(put.status).toBe(201)
  expect(await (await fetch(`${containers}/photos/download/a/b.txt`)).text()).toBe('Azure')
  demo.process.kill('SIGTERM')
  expect((await demo.process.ended).code).toBe(0)
})

test('--all leaves names that are taken to their data sources', async () => {
  const taken = { azure: storage, amazon: storage, openstack: storage, rackspace: storage }
  await using place = await workplace({ storage, ...taken })
  await using demo = await startDemo(place.directory, place.environment, ['--all'])
  expect(await (await fetch(`${demo.url}/api/datasources/azure/containers`)).json()).toEqual([])
  expect(await demo.process.says(/azure: not started.*/)).toContain('there is a data source of this name')
})

test('any other option is refused with the one that there is', async () => {
  await using place = await workplace({ storage })
  const { code, stderr } = await runDemo(place.directory, place.environment, ['--al'])
  expect(code).toBe(1)
  expect(stderr).toBe(
    'Stowage cannot start: unknown option "--al" (known: --all); other settings are environment variables\n',
  )
})
