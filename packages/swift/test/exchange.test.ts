import { StorageService } from '@stowage/core'
import { describe, expect, test } from 'vitest'
import { type Session, SwiftProvider } from '../src/index.js'
import { type StandIn, standIn } from './stand-in.js'

const facts = {
  etag: '5d41402abc4b2a76b9719d911017c592',
  'x-timestamp': '1700000000.00000',
  'content-type': 'text/plain',
}

function over(server: StandIn) {
  const session: Session = {
    endpoint: `${server.url}/v1/AUTH_a`,
    token: 'secret-token',
    expires: new Date(Date.now() + 3_600_000),
  }
  const provider = new SwiftProvider({ name: 'swift', signIn: { authenticate: async () => session } })
  return new StorageService(provider, { retry: { minDelay: 1, maxDelay: 2, maxOutage: 0 } })
}

describe('an answer that is no file', () => {
  test('never becomes content', async () => {
    for (const status of [400, 403, 418, 500, 502, 503, 507]) {
      await using server = await standIn((_, response) =>
        response.writeHead(status, facts).end('<html>error page</html>'),
      )
      const storage = over(server)
      await expect(storage.openFile('c', 'f')).rejects.toMatchObject({ name: 'StorageError' })
      await expect(storage.getFile('c', 'f')).rejects.toMatchObject({ name: 'StorageError' })
      await storage.close()
    }
  })

  test('is BAD_RESPONSE when its status says that it is one', async () => {
    for (const headers of [{}, { etag: 'x' }, { ...facts, etag: '' }]) {
      await using server = await standIn((_, response) => response.writeHead(200, headers).end('hello'))
      const storage = over(server)
      await expect(storage.openFile('c', 'f')).rejects.toMatchObject({ code: 'BAD_RESPONSE' })
      await storage.close()
    }
  })

  test('a list that is none is BAD_RESPONSE', async () => {
    for (const body of ['', '{}', 'null', '<html>', '[{"name":7}]', '[{"name":"a","bytes":"many"}]']) {
      await using server = await standIn((_, response) => response.end(body))
      const storage = over(server)
      await expect(storage.getFiles('c')).rejects.toMatchObject({ code: 'BAD_RESPONSE' })
      await storage.close()
    }
  })

  test('another range than the one asked for is refused', async () => {
    await using server = await standIn((_, response) =>
      response.writeHead(206, { ...facts, 'content-range': 'bytes 0-4/10', 'content-length': '5' }).end('hello'),
    )
    const storage = over(server)
    await expect(storage.openFile('c', 'f', { range: { start: 5, end: 9 } })).rejects.toMatchObject({
      code: 'BAD_RESPONSE',
    })
    await storage.close()
  })
})

describe('a connection that breaks', () => {
  test('in a download is made good by range under the same ETag', async () => {
    const content = Buffer.alloc(1_000_000, 'abcdefghij')
    let broken = 0
    await using server = await standIn(({ headers }, response) => {
      const [, from = '0'] = /^bytes=(\d+)-/.exec(String(headers['range'])) ?? []
      const rest = content.subarray(Number(from))
      const place = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }
      response.writeHead(from === '0' ? 200 : 206, { ...facts, 'content-length': String(rest.length), ...place })
      if (broken++ < 3) response.write(rest.subarray(0, 200_000), () => response.destroy())
      else response.end(rest)
    })
    const storage = over(server)
    const opened = await storage.openFile('c', 'f')
    expect((await opened.bytes()).equals(content)).toBe(true)
    expect(server.received.length).toBe(4)
    expect(server.received.slice(1).map(({ headers }) => headers['if-match'])).toEqual(Array(3).fill(`"${facts.etag}"`))
    await storage.close()
  })

  test('before an answer is CONNECTION_LOST, and what cannot be repeated is not', async () => {
    await using server = await standIn((_, response) => response.destroy())
    const storage = over(server)
    const conditional = storage.putFile('c', 'f', 'hello', { ifNoneMatch: '*' })
    await expect(conditional).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(server.received).toHaveLength(1)
    await expect(storage.getFile('c', 'f')).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(server.received).toHaveLength(1 + 4)
    await storage.close()
  })

  test('that was never made is UNAVAILABLE', async () => {
    const server = await standIn((_, response) => response.end())
    const storage = over(server)
    await server[Symbol.asyncDispose]()
    await expect(storage.putFile('c', 'f', 'hello', { ifNoneMatch: '*' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    await storage.close()
  })
})

describe('what the service asks for', () => {
  test('Retry-After is kept with the error, for all statuses that slow down', async () => {
    for (const [status, code] of [
      [429, 'RATE_LIMITED'],
      [498, 'RATE_LIMITED'],
      [503, 'UNAVAILABLE'],
    ] as const) {
      await using server = await standIn((_, response) => response.writeHead(status, { 'retry-after': '0' }).end())
      const storage = over(server)
      await expect(storage.getContainers()).rejects.toMatchObject({ code, details: { retryAfter: 0 } })
      expect(server.received).toHaveLength(4)
      await storage.close()
    }
  })
})

describe('an abort', () => {
  test('before the body is whole stores nothing: the connection is closed in the middle', async () => {
    const controller = new AbortController()
    const closed = Promise.withResolvers<number>()
    await using server = await standIn(async (_, response) => {
      let bytes = 0
      response.req.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes >= 100_000) controller.abort(new Error('enough'))
      })
      response.req.on('close', () => closed.resolve(bytes))
    }, false)
    const storage = over(server)
    const body = Buffer.alloc(64 * 1024 * 1024)
    const put = storage.putFile('c', 'f', body, { signal: controller.signal, partSize: body.length })
    await expect(put).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await closed.promise).toBeLessThan(body.length)
    await storage.close()
  })

  test('after the service has all of it is too late: what it says counts', async () => {
    const controller = new AbortController()
    await using server = await standIn(({ method }, response) => {
      if (method !== 'PUT') return response.writeHead(404).end()
      controller.abort(new Error('enough'))
      return setImmediate(() => response.writeHead(201, facts).end())
    })
    const storage = over(server)
    const written = await storage.putFile('c', 'f', 'hello', { signal: controller.signal })
    expect(written.etag).toBe(`"${facts.etag}"`)
    await storage.close()
  })
})

test('no error shows the token or the answer', async () => {
  await using server = await standIn(({ token }, response) => response.writeHead(500).end(`token ${token}`))
  const storage = over(server)
  const error = await storage.getFile('c', 'f').catch((reason: unknown) => reason)
  const { inspect } = await import('node:util')
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret-token')
  await storage.close()
})
