/**
 * An application like LoopBack's example of the storage component: a `container` model on a
 * `storage` data source, and REST routes below `/api`, behind authentication, compression and CORS.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { installation } from './tools/installation.js'
import { form, json } from './tools/loopback3-app.js'

it('the example application works after one line of its datasources.json is changed', async () => {
  const { directory, nodePath } = await installation()
  const app = join(directory, 'app')
  await cp(fileURLToPath(new URL('example-storage', import.meta.url)), app, { recursive: true })
  const dataSources = join(app, 'server', 'datasources.json')
  const before = await readFile(dataSources, 'utf8')
  const after = before.replace('"loopback-component-storage"', '"@stowage/loopback-connector"')
  const lines = after.split('\n')
  expect(before.split('\n').filter((line, index) => line !== lines[index])).toHaveLength(1)
  await writeFile(dataSources, after)

  const url = await start(app, nodePath)
  const api = (path: string, init?: RequestInit) => fetch(`${url}/api/containers${path}`, init)
  expect(await (await api('')).json()).toMatchObject([{ name: 'container1', size: expect.any(Number) }])
  expect(await (await api('/container1/files')).json()).toMatchObject([{ container: 'container1', name: 'f1.txt' }])
  const uploaded = await api('/container1/upload', form({ name: 'sea.txt', content: 'waves\n'.repeat(1000) }))
  expect([uploaded.status, uploaded.headers.get('x-uploaded-to')]).toEqual([200, 'container1'])
  expect(await uploaded.json()).toMatchObject({ result: { files: { file: [{ name: 'sea.txt', size: 6000 }] } } })
  const downloaded = await api('/container1/download/sea.txt', { headers: { 'Accept-Encoding': 'gzip' } })
  // The application's middleware compresses lists, and leaves files unchanged.
  expect(downloaded.headers.get('content-encoding')).toBeNull()
  expect(await downloaded.text()).toBe('waves\n'.repeat(1000))
  expect(await (await api('/container1/files/sea.txt', { method: 'DELETE' })).json()).toEqual({})
  expect((await api('/container1/files/sea.txt')).status).toBe(404)
  expect((await api('', json({ name: 'container2' }))).status).toBe(200)
  expect((await api('/container2', { method: 'DELETE' })).status).toBe(200)
  expect((await fetch(`${url}/explorer/swagger.json`)).status).toBe(200)
  expect(await (await fetch(url)).text()).toContain('<title>Files</title>')
})

it('an application with a missing root ends at startup with an error that names the root', async () => {
  const { directory, nodePath } = await installation()
  const app = join(directory, 'app')
  await cp(fileURLToPath(new URL('example-storage', import.meta.url)), app, { recursive: true })
  const dataSources = join(app, 'server', 'datasources.json')
  const before = await readFile(dataSources, 'utf8')
  await writeFile(
    dataSources,
    before.replace('"loopback-component-storage"', '"@stowage/loopback-connector"').replace('/storage', '/nowhere'),
  )
  const child = run(app, nodePath)
  const errors = Array.fromAsync(createInterface(child.stderr))
  const [code] = await once(child, 'exit')
  expect(code).not.toBe(0)
  expect((await errors).join('\n')).toContain('root')
})

/** Starts the application in a process, as its users do. Returns its URL. */
async function start(app: string, nodePath: string): Promise<string> {
  const child = run(app, nodePath)
  const errors: string[] = []
  createInterface(child.stderr).on('line', (line) => errors.push(line))
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error(errors.join('\n')))),
  ])
  return String(line).replace('listening at ', '').replace(/\/$/, '')
}

function run(app: string, nodePath: string) {
  const child = spawn(process.execPath, ['--no-deprecation', '.'], {
    cwd: app,
    env: { ...process.env, NODE_PATH: nodePath, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => {
    child.kill()
  })
  return child
}
