import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Demo, runDemo, startDemo, type Workplace, workplace } from './demo-process.js'

let place: Workplace
let demo: Demo

beforeAll(async () => {
  place = await workplace({ storage: { provider: 'memory' } })
  demo = await startDemo(place.directory, { ...place.environment, ALLOWED_HOSTS: 'Nas.example, files.example' })
})

afterAll(async () => {
  await demo[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

/** `fetch` sets Host itself. */
function send(method: string, path: string, host: string): Promise<{ status: number | undefined; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; body: string }>()
  const headers = { host, 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json' }
  const sent = request(`${demo.url}${path}`, { method, headers }, async (response) => {
    const chunks = await Array.fromAsync(response)
    resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() })
  })
  sent.on('error', reject).end(method === 'POST' ? '{"name":"rebound"}' : undefined)
  return promise
}

test.each([
  'evil.example',
  'localhost.evil.example',
  'evil.example:3000',
  'localhost@evil.example',
  'xn--localhost-.example',
  'localhost,evil.example',
  '127.0.0.1.evil.example',
  'nas.example.evil.example',
])('a request for %s is refused, reading and writing alike', async (host) => {
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/api/datasources'],
    ['GET', '/api/containers'],
    ['POST', '/api/containers'],
  ] as const) {
    const { status, body } = await send(method, path, host)
    expect(status).toBe(421)
    expect(JSON.parse(body)).toEqual({
      error: {
        statusCode: 421,
        name: 'Error',
        message: `this server does not serve the host ${JSON.stringify(host)}; ALLOWED_HOSTS adds names`,
        code: 'MISDIRECTED_REQUEST',
      },
    })
  }
  expect((await send('GET', '/api/containers', 'localhost')).body).toBe('[]')
})

test.each([
  'localhost',
  'LOCALHOST:80',
  'localhost.',
  'app.localhost:3000',
  '127.0.0.1',
  '127.8.9.1:3000',
  '192.168.1.5:3000',
  '[::1]:3000',
  '[fe80::1]',
  'nas.example',
  'FILES.example:8080',
])('a request for %s is served', async (host) => {
  expect((await send('GET', '/api/datasources', host)).status).toBe(200)
})

test('a wrong ALLOWED_HOSTS is a reason not to start', async () => {
  const environment = { ...place.environment, ALLOWED_HOSTS: 'nas.example,http://nas.example' }
  const { code, stderr } = await runDemo(place.directory, environment)
  expect(code).toBe(1)
  expect(stderr).toBe(
    'Stowage cannot start: ALLOWED_HOSTS must be host names separated by commas; "http://nas.example" is not one\n',
  )
})
