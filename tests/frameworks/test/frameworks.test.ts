import { once } from 'node:events'
import { request as requestHttp } from 'node:http'
import { type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2'
import { request as requestHttps } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Installation } from '../../packages/src/installation.ts'
import { nodes } from '../../packages/src/other-nodes.ts'
import { canRun, install, page, type Recipe, readRecipes, startApplication, startRecipe } from './recipe.ts'

const recipes = readRecipes()
const http2 = 'http2.mjs'

let installation: Installation
beforeAll(async () => {
  installation = await install()
})
afterAll(() => installation[Symbol.asyncDispose]())

test('the recipes are found', () => {
  const programs = ['bun', 'connect', 'deno', 'express', 'fastify', 'hono', 'http', 'http2', 'https', 'koa', 'nest']
  expect([...recipes.keys()].toSorted()).toEqual([
    ...programs.map((name) => `${name}.mjs`),
    'next/app/api/containers/[[...path]]/route.js',
    'next/pages/api/storage/[[...path]].js',
    'sveltekit/src/routes/api/containers/[...path]/+server.js',
    'sveltekit/vite.config.js',
  ])
})

/** How a server differs from what the router and the handler do. */
interface Differences {
  /** It redirects paths with a slash at the end, or with two in a row. */
  readonly redirectsSlashes?: boolean
  /** Its responses to HEAD have no length. */
  readonly hidesLength?: boolean
}

interface Server extends Differences {
  readonly name: string
  readonly mount: string
  readonly start: () => Promise<Recipe>
}

/** The application that has both routers of Next.js, which is built and started once. */
let next: Recipe | undefined
const startNext = async (): Promise<Recipe> => {
  next ??= await startApplication(installation, 'next', recipes)
  return { ...next, [Symbol.asyncDispose]: async () => undefined }
}
afterAll(() => next?.[Symbol.asyncDispose]())

/** The recipes that serve HTTP/1.1. */
const programs = [...recipes].filter(([name]) => name.endsWith('.mjs') && name !== http2)

const otherNodes = await Promise.all(
  nodes.map(async ({ name, find }) => ({
    name,
    prefix: name.toLowerCase().replace(/\W/g, '-'),
    command: await find(),
  })),
)
for (const { name, command } of otherNodes) {
  if (typeof command === 'string') test.skip(`${name} — skipped: ${command}`, () => undefined)
}
const runnableNodes = otherNodes.flatMap(({ command, ...node }) =>
  typeof command === 'string' ? [] : [{ ...node, command }],
)

/** The recipe of Hono with another server in place of its own for Node. */
function honoWith(server: string): string {
  expect(page).toContain(`\`${server}\``)
  const source = recipes.get('hono.mjs') ?? ''
  return source.replace(/^import .*node-server.*\n/m, '').replace(/^serve\(.*\)$/m, server)
}

const servers: readonly Server[] = [
  ...programs.map(([name, source]) => ({
    name,
    mount: '/api/containers',
    start: () => startRecipe(installation, name, source),
  })),
  ...runnableNodes.flatMap(({ prefix, command }) =>
    programs
      .filter(([name]) => name !== 'bun.mjs' && name !== 'deno.mjs')
      .map(([name, source]) => ({
        name: `${prefix}-${name}`,
        mount: '/api/containers',
        start: () => startRecipe(installation, `${prefix}-${name}`, source, { command }),
      })),
  ),
  {
    name: 'Express 4',
    mount: '/api/containers',
    start: () =>
      startRecipe(installation, 'express4.mjs', recipes.get('express.mjs') ?? '', { aliases: { express: 'express4' } }),
  },
  // The router over the `node:http` of Bun and Deno.
  ...['bun', 'deno'].map((runtime) => ({
    name: `${runtime}-express.mjs`,
    mount: '/api/containers',
    start: () => startRecipe(installation, `${runtime}-express.mjs`, recipes.get('express.mjs') ?? ''),
  })),
  // The application of Hono, with the servers that the page names for Bun and Deno.
  ...[
    { runtime: 'bun', server: 'Bun.serve({ port: 3000, fetch: app.fetch })' },
    { runtime: 'deno', server: 'Deno.serve({ port: 3000 }, app.fetch)' },
  ].map(({ runtime, server }) => ({
    name: `${runtime}-hono.mjs`,
    mount: '/api/containers',
    start: () => startRecipe(installation, `${runtime}-hono.mjs`, honoWith(server)),
  })),
  {
    name: 'Next.js: App Router',
    mount: '/api/containers',
    start: startNext,
    redirectsSlashes: true,
    hidesLength: true,
  },
  { name: 'Next.js: Pages Router', mount: '/api/storage', start: startNext, redirectsSlashes: true },
  {
    name: 'SvelteKit',
    mount: '/api/containers',
    start: () => startApplication(installation, 'sveltekit', recipes),
    redirectsSlashes: true,
  },
]

describe.each(servers.filter(({ name }) => canRun(name)))('$name', ({ mount, start, ...differences }) => {
  let recipe: Recipe
  let containers: string

  beforeAll(async () => {
    recipe = await start()
    containers = `${recipe.origin}${mount}`
    // Both routers of Next.js serve the same directory.
    expect([200, 409]).toContain((await create('photos')).status)
  })

  afterAll(() => recipe?.[Symbol.asyncDispose]())

  const create = (container: string) =>
    fetch(containers, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: container }),
    })
  const names = async () => {
    const files = (await (await fetch(`${containers}/photos/files`)).json()) as { name: string }[]
    return files.map((file) => file.name)
  }

  test('lists containers, with a query and with a last slash too', async () => {
    for (const path of ['', ...(differences.redirectsSlashes ? [] : ['/']), '?x=1']) {
      const response = await fetch(`${containers}${path}`)
      expect([response.status, await response.json()]).toMatchObject([200, [{ name: 'photos' }]])
    }
  })

  test.each(['application/json', 'application/x-www-form-urlencoded', 'text/plain', 'image/png'])(
    'stores a body of the type %s unread',
    async (type) => {
      const body = '{"not": json'
      const stored = await fetch(`${containers}/photos/files/raw`, {
        method: 'PUT',
        headers: { 'Content-Type': type },
        body,
      })
      expect([200, 201]).toContain(stored.status)
      expect(await (await fetch(`${containers}/photos/download/raw`)).text()).toBe(body)
    },
  )

  test.each([
    'a%2Fb',
    'c/d',
    ...(differences.redirectsSlashes ? ['e%2F%2Ff'] : ['e//f']),
    '%2e%2e%2fup',
    '%252e',
    'x%3Fy%23z',
    '%C3%BC',
  ])('a file named %s keeps its name', async (path) => {
    expect(await statusOf('PUT', `/photos/files/${path}`, 'bytes')).toBe(201)
    expect(await names()).toContain(decodeURIComponent(path))
    expect(await statusOf('DELETE', `/photos/files/${path}`)).toBe(200)
  })

  test('stores a large body of unknown length and sends ranges of it', async () => {
    const body = new Blob([new Uint8Array(9_000_000).fill(7)]).stream()
    const stored = await fetch(`${containers}/photos/files/large`, { method: 'PUT', body, duplex: 'half' })
    expect([200, 201]).toContain(stored.status)
    const whole = await fetch(`${containers}/photos/download/large`)
    expect((await whole.bytes()).length).toBe(9_000_000)
    const part = await fetch(`${containers}/photos/download/large`, { headers: { Range: 'bytes=-3' } })
    expect([part.status, await part.bytes()]).toEqual([206, new Uint8Array([7, 7, 7])])
    const head = await fetch(`${containers}/photos/download/large`, { method: 'HEAD' })
    const length = differences.hidesLength ? null : '9000000'
    expect([head.status, head.headers.get('Content-Length')]).toEqual([200, length])
  })

  test('stores a form', async () => {
    const form = new FormData()
    form.append('note', 'text')
    form.append('file', new Blob(['waves']), 'sea.txt')
    const response = await fetch(`${containers}/photos/upload`, { method: 'POST', body: form })
    expect(await response.json()).toMatchObject({
      result: { files: { file: [{ name: 'sea.txt', size: 5 }] }, fields: { note: ['text'] } },
    })
  })

  test('errors are the router’s own', async () => {
    for (const path of ['/none', '/photos/files/none', '/photos/download/none']) {
      const response = await fetch(`${containers}${path}`)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({
        error: { statusCode: 404, code: expect.stringMatching('NOT_FOUND') },
      })
    }
    expect((await create('photos')).status).toBe(409)
  })

  test('an upload that breaks off stores nothing, and the server goes on', async () => {
    const { hostname, port, pathname } = new URL(`${containers}/photos/files/broken`)
    const isTls = containers.startsWith('https:')
    const socket = isTls ? connectTls(Number(port), hostname) : connectTcp(Number(port), hostname)
    await once(socket, isTls ? 'secureConnect' : 'connect')
    const head = [`PUT ${pathname} HTTP/1.1`, 'Host: localhost', 'Content-Length: 1000', '', 'begun']
    socket.write(head.join('\r\n'))
    socket.destroy()
    await once(socket, 'close')
    expect((await fetch(containers)).status).toBe(200)
    expect(await names()).not.toContain('broken')
    expect(recipe.process.exitCode).toBeNull()
  })

  /** The status of a request whose path is sent as it is: `fetch` would resolve `..`. */
  async function statusOf(method: string, path: string, body?: string): Promise<number | undefined> {
    const { hostname, port, pathname } = new URL(containers)
    const request = containers.startsWith('https:') ? requestHttps : requestHttp
    const sent = request({ method, hostname, port, path: `${pathname}${path}`, agent: false })
    sent.end(body)
    const [response] = await once(sent, 'response')
    response.resume()
    return response.statusCode
  }
})

describe.each([
  { name: http2 },
  ...runnableNodes.map(({ prefix, command }) => ({ name: `${prefix}-${http2}`, command })),
])('$name', ({ name, ...options }) => {
  test('stores a file, sends it and a range of it, and responds with errors', async () => {
    await using recipe = await startRecipe(installation, name, recipes.get(http2) ?? '', options)
    // In megabytes: the body that is too large waits in the client.
    const session = connect(recipe.origin, { maxSessionMemory: 100 })
    session.on('error', () => undefined)
    const send = async (method: string, path: string, headers: OutgoingHttpHeaders = {}, body = '') => {
      const stream: ClientHttp2Stream = session.request({
        ':method': method,
        ':path': `/api/containers${path}`,
        ...headers,
      })
      if (method !== 'GET' && method !== 'HEAD') stream.end(body)
      const [head] = await once(stream, 'response')
      const text = Buffer.concat(await Array.fromAsync(stream)).toString()
      return [head[':status'], text] as const
    }
    const json = { 'content-type': 'application/json' }
    expect((await send('POST', '', json, '{"name":"photos"}'))[0]).toBe(200)
    expect((await send('PUT', '/photos/files/a%2Fb', {}, 'waves'))[0]).toBe(201)
    expect(await send('GET', '/photos/download/a/b')).toEqual([200, 'waves'])
    expect(await send('GET', '/photos/download/a/b', { range: 'bytes=1-2' })).toEqual([206, 'av'])
    expect((await send('GET', '/photos/download/none'))[0]).toBe(404)
    expect((await send('PUT', '/photos/files/sized', { 'content-length': '5' }, 'waves'))[0]).toBe(201)
    expect((await send('PUT', '/photos/files/empty'))[0]).toBe(201)
    expect((await send('HEAD', '/photos/download/a/b'))[0]).toBe(200)
    const large = 'x'.repeat(11 * 1024 * 1024)
    expect((await send('PUT', '/photos/files/large', {}, large))[0]).toBe(413)
    expect((await send('PUT', '/none/files/large', {}, large))[0]).toBe(404)
    const boundary = { 'content-type': 'multipart/form-data; boundary=b' }
    const part = '--b\r\nContent-Disposition: form-data; name="f"; filename="sea.txt"\r\n\r\nwaves\r\n--b--\r\n'
    expect((await send('POST', '/photos/upload', boundary, part))[0]).toBe(200)
    for (const headers of [{}, boundary]) {
      const [method, path] = headers === boundary ? ['POST', 'upload'] : ['PUT', 'files/broken']
      const broken = session.request({ ':method': method, ':path': `/api/containers/photos/${path}`, ...headers })
      broken.write(part.slice(0, -6))
      // The bytes are on their way before the reset.
      await send('GET', '')
      // `close` would end the body before it resets the request. This resets it without an error
      // code.
      broken.destroy()
      await once(broken, 'close')
    }
    const listed = JSON.parse((await send('GET', '/photos/files'))[1]) as { name: string }[]
    expect(listed.map(({ name }) => name)).toEqual(['a/b', 'empty', 'sea.txt', 'sized'])
    session.close()
  })
})
