import { StorageService } from '@stowage/core'
import { describe, expect, test } from 'vitest'
import { type Session, SwiftProvider } from '../src/index.js'
import { startServer, type TestServer } from './test-server.js'

const fileHeaders = {
  etag: '5d41402abc4b2a76b9719d911017c592',
  'x-timestamp': '1700000000.00000',
  'content-type': 'text/plain',
}

function storageOver(server: TestServer) {
  const session: Session = {
    endpoint: `${server.url}/v1/AUTH_a`,
    token: 'secret-token',
    expires: new Date(Date.now() + 3_600_000),
  }
  const provider = new SwiftProvider({ name: 'swift', signIn: { authenticate: async () => session } })
  return new StorageService(provider, { retry: { minDelay: 1, maxDelay: 2, maxOutage: 0 } })
}

describe('an invalid response', () => {
  test('with an error status never becomes content', async () => {
    for (const status of [400, 403, 418, 500, 502, 503, 507]) {
      await using server = await startServer((_, response) =>
        response.writeHead(status, fileHeaders).end('<html>error page</html>'),
      )
      const storage = storageOver(server)
      await expect(storage.openFile('c', 'f')).rejects.toMatchObject({ name: 'StorageError' })
      await expect(storage.getFile('c', 'f')).rejects.toMatchObject({ name: 'StorageError' })
      await storage.close()
    }
  })

  test('with a success status is BAD_RESPONSE', async () => {
    for (const headers of [{}, { etag: 'x' }, { ...fileHeaders, etag: '' }]) {
      await using server = await startServer((_, response) => response.writeHead(200, headers).end('hello'))
      const storage = storageOver(server)
      await expect(storage.openFile('c', 'f')).rejects.toMatchObject({ code: 'BAD_RESPONSE' })
      await storage.close()
    }
  })

  test('to a list request is BAD_RESPONSE', async () => {
    for (const body of ['', '{}', 'null', '<html>', '[{"name":7}]', '[{"name":"a","bytes":"many"}]']) {
      await using server = await startServer((_, response) => response.end(body))
      const storage = storageOver(server)
      await expect(storage.getFiles('c')).rejects.toMatchObject({ code: 'BAD_RESPONSE' })
      await storage.close()
    }
  })

  test('with a range other than the requested one is BAD_RESPONSE', async () => {
    await using server = await startServer((_, response) =>
      response.writeHead(206, { ...fileHeaders, 'content-range': 'bytes 0-4/10', 'content-length': '5' }).end('hello'),
    )
    const storage = storageOver(server)
    await expect(storage.openFile('c', 'f', { range: { start: 5, end: 9 } })).rejects.toMatchObject({
      code: 'BAD_RESPONSE',
    })
    await storage.close()
  })
})

describe('a connection that breaks', () => {
  test('in a download is replaced by a request for the rest of the same version', async () => {
    const content = Buffer.alloc(1_000_000, 'abcdefghij')
    let broken = 0
    await using server = await startServer(({ headers }, response) => {
      const [, from = '0'] = /^bytes=(\d+)-/.exec(String(headers['range'])) ?? []
      const rest = content.subarray(Number(from))
      const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }
      response.writeHead(from === '0' ? 200 : 206, { ...fileHeaders, 'content-length': String(rest.length), ...range })
      if (broken++ < 3) response.write(rest.subarray(0, 200_000), () => response.destroy())
      else response.end(rest)
    })
    const storage = storageOver(server)
    const opened = await storage.openFile('c', 'f')
    expect((await opened.bytes()).equals(content)).toBe(true)
    expect(server.received.length).toBe(4)
    expect(server.received.slice(1).map(({ headers }) => headers['if-match'])).toEqual(
      Array(3).fill(`"${fileHeaders.etag}"`),
    )
    await storage.close()
  })

  test('before the response is CONNECTION_LOST, and only repeatable requests are retried', async () => {
    await using server = await startServer((_, response) => response.destroy())
    const storage = storageOver(server)
    const conditional = storage.putFile('c', 'f', 'hello', { ifNoneMatch: '*' })
    await expect(conditional).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(server.received).toHaveLength(1)
    await expect(storage.getFile('c', 'f')).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(server.received).toHaveLength(1 + 4)
    await storage.close()
  })

  test('before it is established is UNAVAILABLE', async () => {
    const server = await startServer((_, response) => response.end())
    const storage = storageOver(server)
    await server[Symbol.asyncDispose]()
    await expect(storage.putFile('c', 'f', 'hello', { ifNoneMatch: '*' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    await storage.close()
  })
})

describe('Retry-After', () => {
  test('is in the details of the error for all statuses that ask to slow down', async () => {
    for (const [status, code] of [
      [429, 'RATE_LIMITED'],
      [498, 'RATE_LIMITED'],
      [503, 'UNAVAILABLE'],
    ] as const) {
      await using server = await startServer((_, response) => response.writeHead(status, { 'retry-after': '0' }).end())
      const storage = storageOver(server)
      await expect(storage.getContainers()).rejects.toMatchObject({ code, details: { retryAfter: 0 } })
      expect(server.received).toHaveLength(4)
      await storage.close()
    }
  })
})

describe('an abort', () => {
  test('before the whole body is sent closes the connection, so that nothing is stored', async () => {
    const controller = new AbortController()
    const closed = Promise.withResolvers<number>()
    await using server = await startServer(async (_, response) => {
      let bytes = 0
      response.req.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes >= 100_000) controller.abort(new Error('enough'))
      })
      response.req.on('close', () => closed.resolve(bytes))
    }, false)
    const storage = storageOver(server)
    const body = Buffer.alloc(64 * 1024 * 1024)
    const put = storage.putFile('c', 'f', body, { signal: controller.signal, partSize: body.length })
    await expect(put).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await closed.promise).toBeLessThan(body.length)
    await storage.close()
  })

  test('after the whole body is sent has no effect: the response is the result', async () => {
    const controller = new AbortController()
    await using server = await startServer(({ method }, response) => {
      if (method !== 'PUT') return response.writeHead(404).end()
      controller.abort(new Error('enough'))
      return setImmediate(() => response.writeHead(201, fileHeaders).end())
    })
    const storage = storageOver(server)
    const written = await storage.putFile('c', 'f', 'hello', { signal: controller.signal })
    expect(written.etag).toBe(`"${fileHeaders.etag}"`)
    await storage.close()
  })
})

test('no error contains the token or the response', async () => {
  await using server = await startServer(({ token }, response) => response.writeHead(500).end(`token ${token}`))
  const storage = storageOver(server)
  const error = await storage.getFile('c', 'f').catch((reason: unknown) => reason)
  const { inspect } = await import('node:util')
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret-token')
  await storage.close()
})
