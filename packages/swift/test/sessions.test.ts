import { StorageError, StorageService } from '@stowage/core'
import { expect, test } from 'vitest'
import { type Session, type SignIn, SwiftClient, SwiftProvider } from '../src/index.js'
import { startServer } from './test-server.js'

/** Returns the tokens 1, 2, 3, … */
class CountingSignIn implements SignIn {
  count = 0
  readonly #endpoint: string
  readonly #lifetime: number

  constructor(url: string, lifetime = 3_600_000) {
    this.#endpoint = `${url}/v1/AUTH_a`
    this.#lifetime = lifetime
  }

  async authenticate(): Promise<Session> {
    await new Promise(setImmediate)
    return { endpoint: this.#endpoint, token: String(++this.count), expires: new Date(Date.now() + this.#lifetime) }
  }
}

const signal = new AbortController().signal

test('twenty concurrent first calls sign in once', async () => {
  await using server = await startServer((_, response) => response.end('[]'))
  const signIn = new CountingSignIn(server.url)
  const provider = new SwiftProvider({ name: 'swift', signIn })
  const storage = new StorageService(provider)
  await Promise.all(Array.from({ length: 20 }, () => storage.getContainers()))
  expect(signIn.count).toBe(1)
  expect(server.received).toHaveLength(20)
  await storage.close()
})

test('a rejected token is renewed once for all requests, which are then retried', async () => {
  const body = Buffer.alloc(3_000_000, 7)
  await using server = await startServer(({ token }, response) => response.writeHead(token === '1' ? 401 : 201).end())
  const signIn = new CountingSignIn(server.url)
  const client = new SwiftClient(signIn)
  const put = (object: string) => client.request({ method: 'PUT', container: 'c', object, body, signal })
  const responses = await Promise.all(Array.from({ length: 10 }, (_, index) => put(String(index))))
  expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(201))
  expect(signIn.count).toBe(2)
  const accepted = server.received.filter(({ token }) => token === '2')
  expect(accepted).toHaveLength(10)
  for (const request of accepted) expect(request.body.equals(body)).toBe(true)
  await client.close()
})

test('a new token that is rejected is UNAUTHENTICATED, after two attempts', async () => {
  await using server = await startServer((_, response) => response.writeHead(401).end())
  const client = new SwiftClient(new CountingSignIn(server.url))
  await expect(client.request({ method: 'GET', signal })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(server.received).toHaveLength(2)
  await client.close()
})

test('a token that has already expired by this clock is used until the service rejects it', async () => {
  await using server = await startServer((_, response) => response.end())
  const signIn = new CountingSignIn(server.url, -60_000)
  const client = new SwiftClient(signIn)
  await client.request({ method: 'GET', signal })
  await client.request({ method: 'GET', signal })
  expect(signIn.count).toBe(1)
  await client.close()
})

test('a token is renewed before it expires', async () => {
  await using server = await startServer((_, response) => response.end())
  const signIn = new CountingSignIn(server.url, 1)
  const client = new SwiftClient(signIn)
  await client.request({ method: 'GET', signal })
  const until = Date.now() + 5
  while (Date.now() < until) await new Promise(setImmediate)
  await client.request({ method: 'GET', signal })
  expect(server.received.map(({ token }) => token)).toEqual(['1', '2'])
  await client.close()
})

test('an abort ends the wait for a sign-in, which continues for other callers', async () => {
  await using server = await startServer((_, response) => response.end())
  const gate = Promise.withResolvers<void>()
  const session = { endpoint: `${server.url}/v1/AUTH_a`, token: '1', expires: new Date(Date.now() + 3_600_000) }
  const client = new SwiftClient({ authenticate: () => gate.promise.then(() => session) })
  const impatient = new AbortController()
  const reason = new StorageError('ABORTED', 'enough')
  const first = client.request({ method: 'GET', signal: impatient.signal })
  const second = client.request({ method: 'GET', signal })
  impatient.abort(reason)
  await expect(first).rejects.toBe(reason)
  gate.resolve()
  expect((await second).status).toBe(200)
  await client.close()
})

test('the next call retries a failed sign-in', async () => {
  await using server = await startServer((_, response) => response.end())
  const good = new CountingSignIn(server.url)
  let failing = true
  const client = new SwiftClient({
    authenticate: async () => {
      if (failing) throw new StorageError('UNAVAILABLE', 'not now')
      return good.authenticate()
    },
  })
  await expect(client.request({ method: 'GET', signal })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  failing = false
  expect((await client.request({ method: 'GET', signal })).status).toBe(200)
  await client.close()
})

test('closing aborts a pending sign-in', async () => {
  const client = new SwiftClient({
    authenticate: (closing) =>
      new Promise((_, reject) => closing.addEventListener('abort', () => reject(closing.reason), { once: true })),
  })
  const waiting = expect(client.request({ method: 'GET', signal })).rejects.toMatchObject({ code: 'CLOSED' })
  await client.close()
  await waiting
})
