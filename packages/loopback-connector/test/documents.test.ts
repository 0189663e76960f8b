/**
 * The examples of the README, as they stand there.
 */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { installation } from './installation.js'

const run = promisify(execFile)
const here = import.meta.dirname

/** The README's blocks of code in a language, in their order. */
async function blocks(language: string): Promise<string[]> {
  const readme = await readFile(join(here, '..', 'README.md'), 'utf8')
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code)
}

/** Runs a script in a directory with the packages and a directory `files`, as a user's shell would. */
async function runScript(name: string, script: string, options: readonly string[] = []): Promise<string> {
  const { directory, nodePath } = await installation()
  for (const root of ['files', 'server/storage']) await mkdir(join(directory, root), { recursive: true })
  await writeFile(join(directory, 'server', name), script)
  const { stdout } = await run(process.execPath, ['--no-warnings', ...options, `server/${name}`], {
    cwd: directory,
    env: { ...process.env, NODE_PATH: nodePath },
  })
  return stdout
}

it('the entries of datasources.json and model-config.json are those that the example application runs with', async () => {
  const [dataSources = '', modelConfig = '', model = ''] = await blocks('json')
  const example = async (file: string) =>
    JSON.parse(await readFile(join(here, 'example-storage', 'server', file), 'utf8'))
  const { storage } = await example('datasources.json')
  expect(JSON.parse(dataSources).storage).toEqual({ ...storage, connector: '@stowage/loopback-connector' })
  expect(await example('model-config.json')).toMatchObject(JSON.parse(modelConfig))
  expect(await example('models/container.json')).toMatchObject(JSON.parse(model))
})

it('the boot script makes the model', async () => {
  const [bootScript = ''] = await blocks('js')
  const script = `${bootScript}
    const app = loopback()
    module.exports(app)
    app.models.container.createContainer({ name: 'photos' }).then(({ name }) => process.stdout.write(name))`
  expect(await runScript('boot.cjs', script)).toBe('photos')
})

it('the service works without a data source', async () => {
  const [, alone = ''] = await blocks('js')
  const script = `${alone.replace('/var/files', 'files')}
    service.createContainer('photos').then(() => service.getFiles('photos'))
      .then((files) => process.stdout.write(JSON.stringify(files)))`
  expect(await runScript('alone.cjs', script)).toBe('[]')
})

it('the router is mounted beside the model', async () => {
  const [, , router = ''] = await blocks('js')
  const script = `const loopback = require('loopback')
    const app = loopback()
    app.dataSource('storage', { connector: require('@stowage/loopback-connector'), provider: 'filesystem', root: './files' })
    ${router}
    app.dataSources.storage.connector.storage.then(() => {
      const server = app.listen(0, '127.0.0.1', async () => {
        const answer = await fetch(\`http://127.0.0.1:\${server.address().port}/files\`)
        process.stdout.write(await answer.text())
        server.closeAllConnections()
        server.close()
      })
    })`
  expect(await runScript('router.cjs', script)).toBe('[]')
})

it('the application of LoopBack 4 serves containers', async () => {
  const [application = ''] = await blocks('ts')
  const script = `${application}
    app.configure('servers.RestServer').to({ port: 0, host: '127.0.0.1' })
    await app.start()
    const url = \`\${app.restServer.url}/containers\`
    const body = JSON.stringify({ name: 'photos' })
    await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
    const containers = await (await fetch(url)).json()
    process.stdout.write(containers.map(({ name }) => name).join())
    await app.stop()`
  expect(await runScript('application.mts', script)).toBe('photos')
})
