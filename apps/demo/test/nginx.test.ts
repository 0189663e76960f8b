/**
 * The nginx configuration of docs/scaling-out.md, in front of two demo processes.
 */
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { describeServer, freePort, type Nginx, startNginx } from '@stowage/test-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Demo, startDemo, type Workplace, workplace } from './demo-process.js'
import { blocksOf } from './documents/examples.js'

const document = join(import.meta.dirname, '..', '..', '..', 'docs', 'scaling-out.md')

/** The configuration as documented, with this test's addresses and without TLS. */
async function configuration(nodes: readonly Demo[], port: number): Promise<string> {
  const block = blocksOf(await readFile(document, 'utf8')).find(({ language }) => language === 'nginx')
  if (block === undefined) throw new Error('scaling-out.md must have an nginx configuration')
  const servers = nodes.map(({ url }) => `server ${new URL(url).host};`).join(' ')
  return block.source
    .replace(/(?:server [\d.]+:3000; ?)+/, `${servers} `)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
}

describeServer('nginx', () => {
  let place: Workplace
  let nodes: Demo[]
  let nginx: Nginx
  let containers: string

  beforeAll(async () => {
    place = await workplace()
    nodes = await Promise.all([0, 1].map(() => startDemo(place.directory, place.environment)))
    const port = await freePort()
    containers = `http://127.0.0.1:${port}/api/containers`
    nginx = await startNginx(await configuration(nodes, port), containers)
    await create('photos')
  })

  afterAll(async () => {
    await nginx.stop()
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
    await place[Symbol.asyncDispose]()
  })

  const create = (name: string) =>
    fetch(containers, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name }),
      redirect: 'manual',
    })

  test('a container is created and listed at the address without a last slash', async () => {
    expect((await create('created')).status).toBe(200)
    const listed = (await (await fetch(containers, { redirect: 'manual' })).json()) as { name: string }[]
    expect(listed.map(({ name }) => name)).toContain('created')
  })

  test.each(['a%2Fb', 'a//b', '%2e%2e%2fup', 'x%3Fy', '%C3%BC'])('a file named %s keeps its name', async (path) => {
    expect(await status('PUT', `/photos/files/${path}`, 'bytes')).toBe(201)
    const listed = (await (await fetch(`${containers}/photos/files`)).json()) as { name: string }[]
    expect(listed.map(({ name }) => name)).toContain(decodeURIComponent(path))
    expect(await status('DELETE', `/photos/files/${path}`)).toBe(200)
  })

  test('a body of 20 MB of unknown length arrives whole', async () => {
    const body = () => new Blob([new Uint8Array(20_000_000)]).stream()
    const stored = await fetch(`${containers}/photos/files/large`, { method: 'PUT', body: body(), duplex: 'half' })
    expect(stored.status).toBe(201)
    expect((await (await fetch(`${containers}/photos/download/large`)).bytes()).length).toBe(20_000_000)
  })

  test('a form and a range pass', async () => {
    const form = new FormData()
    form.append('file', new Blob(['0123456789']), 'digits.txt')
    expect((await fetch(`${containers}/photos/upload`, { method: 'POST', body: form })).status).toBe(200)
    const part = await fetch(`${containers}/photos/download/digits.txt`, { headers: { Range: 'bytes=2-4' } })
    expect([part.status, await part.text()]).toEqual([206, '234'])
  })

  /** The status of a request whose path is sent as it is: `fetch` would resolve `..`. */
  async function status(method: string, path: string, body?: string): Promise<number | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
    const { hostname, port, pathname } = new URL(containers)
    const sent = request({ method, hostname, port, path: `${pathname}${path}`, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    sent.on('error', reject).end(body)
    return promise
  }
})
