/**
 * Runs the examples of the README and of the doc comments unchanged.
 */
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { installation } from './tools/installation.js'

const run = promisify(execFile)
const here = import.meta.dirname

/** Returns the README's code blocks of a language, in their order. */
async function blocks(language: string): Promise<string[]> {
  const readme = await readFile(join(here, '..', 'README.md'), 'utf8')
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code)
}

/** Returns the `@example` of every declaration in the sources, by the name of the declaration. */
async function examples(): Promise<Record<string, string>> {
  const sources = join(here, '..', 'src')
  const found: Record<string, string> = {}
  const declaration =
    /\/\*\*(?:(?!\*\/)[\s\S])*@example\n((?:(?!\*\/)[\s\S])*)\*\/\n *(?:export )?(?:function|class|get)? ?(\w+)/g
  for (const file of await readdir(sources, { recursive: true })) {
    if (!file.endsWith('.ts')) continue
    const source = await readFile(join(sources, file), 'utf8')
    for (const [, comment = '', name = ''] of source.matchAll(declaration)) {
      found[name] = comment.replace(/^ *\* ?/gm, '').trim()
    }
  }
  return found
}

/**
 * Runs a script in a directory with installed packages and the roots of the examples. Returns
 * stdout.
 */
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

it('datasources.json, model-config.json and container.json match the example application', async () => {
  const [dataSources = '', modelConfig = '', model = ''] = await blocks('json')
  const example = async (file: string) =>
    JSON.parse(await readFile(join(here, 'example-storage', 'server', file), 'utf8'))
  const { storage } = await example('datasources.json')
  expect(JSON.parse(dataSources).storage).toEqual({ ...storage, connector: '@stowage/loopback-connector' })
  expect(await example('model-config.json')).toMatchObject(JSON.parse(modelConfig))
  expect(await example('models/container.json')).toMatchObject(JSON.parse(model))
})

it('the boot script creates the model', async () => {
  const [bootScript = ''] = await blocks('js')
  const script = `${bootScript}
    const app = loopback()
    module.exports(app)
    app.models.container.createContainer({ name: 'photos' }).then(({ name }) => process.stdout.write(name))`
  expect(await runScript('boot.cjs', script)).toBe('photos')
})

it('the service works without a data source', async () => {
  const [, standalone = ''] = await blocks('js')
  const script = `${standalone.replace('/var/files', 'files')}
    service.createContainer('photos').then(() => service.getFiles('photos'))
      .then((files) => process.stdout.write(JSON.stringify(files)))`
  expect(await runScript('standalone.cjs', script)).toBe('[]')
})

it('the router can be mounted as well', async () => {
  const [, , router = ''] = await blocks('js')
  const script = `const loopback = require('loopback')
    const app = loopback()
    app.dataSource('storage', { connector: require('@stowage/loopback-connector'), provider: 'filesystem', root: './files' })
    ${router}
    app.dataSources.storage.connector.storage.then(() => {
      const server = app.listen(0, '127.0.0.1', async () => {
        const response = await fetch(\`http://127.0.0.1:\${server.address().port}/files\`)
        process.stdout.write(await response.text())
        server.closeAllConnections()
        server.close()
      })
    })`
  expect(await runScript('router.cjs', script)).toBe('[]')
})

it('the LoopBack 4 application serves containers', async () => {
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

it('the examples of the doc comments run', async () => {
  const {
    StorageService,
    storage,
    uploadStream,
    downloadStream,
    upload,
    download,
    defineStorageController,
    ...others
  } = await examples()
  expect(others).toEqual({})
  const script = `
    import { once } from 'node:events'
    import { createReadStream, createWriteStream } from 'node:fs'
    import { writeFile } from 'node:fs/promises'
    import { juggler } from '@loopback/repository'
    import { RestApplication } from '@loopback/rest'
    import { StorageService } from '@stowage/loopback-connector'
    import { defineStorageController } from '@stowage/loopback-connector/loopback4'
    import loopback from 'loopback'

    const print = (line) => process.stdout.write(line + '\\n')
    const settings = { provider: 'filesystem', root: 'server/storage' }
    const service = new StorageService(settings)
    await service.createContainer({ name: 'photos' })
    await writeFile('a.jpg', 'meow')
    {
      ${StorageService}
    }
    {
      ${uploadStream}
      await once(stream, 'success')
    }
    {
      ${storage}
    }
    print((await service.getFiles('photos')).map(({ name }) => name).join())
    {
      ${downloadStream}
      await once(head, 'close')
    }
    {
      const app = loopback()
      ${upload}
      ${download}
      const server = app.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const url = 'http://127.0.0.1:' + server.address().port + '/photos'
      const body = new FormData()
      body.append('file', new File(['purr'], 'c.jpg', { type: 'image/jpeg' }))
      await fetch(url, { method: 'POST', body })
      print(await (await fetch(url + '/c.jpg')).text())
      server.closeAllConnections()
      server.close()
    }
    {
      const app = new RestApplication({ rest: { port: 0, host: '127.0.0.1' } })
      const dataSource = new juggler.DataSource({ connector: '@stowage/loopback-connector', ...settings })
      ${defineStorageController}
      await app.start()
      const containers = await (await fetch(app.restServer.url + '/containers')).json()
      print(containers.map(({ name }) => name).join())
      await app.stop()
      await dataSource.disconnect()
    }`
  const lines = (await runScript('examples.mts', script)).trimEnd().split('\n')
  expect(lines.toSorted()).toEqual(['[]', 'a.jpg,b.jpg', 'photos', 'purr', 'stored'])
})
