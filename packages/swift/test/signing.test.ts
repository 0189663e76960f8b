import { StorageService } from '@stowage/core'
import { expect, test } from 'vitest'
import { type Session, SwiftProvider } from '../src/index.js'
import { startServer } from './test-server.js'

const keyHeader = 'x-account-meta-temp-url-key'

test('URLs that are signed at the same time share one new key', async () => {
  let key: string | undefined
  await using server = await startServer(({ method, path, headers }, response) => {
    if (path.startsWith('/info')) return response.end('{"tempurl":{"allowed_digests":["sha256"]}}')
    if (method === 'POST') key = String(headers[keyHeader])
    if (key !== undefined) response.setHeader(keyHeader, key)
    return response.writeHead(204).end()
  })
  const session: Session = {
    endpoint: `${server.url}/v1/AUTH_a`,
    token: 'secret-token',
    expires: new Date(Date.now() + 3_600_000),
  }
  const provider = new SwiftProvider({ name: 'swift', signIn: { authenticate: async () => session } })
  const storage = new StorageService(provider)
  const sign = () => storage.signUrl('c', 'f', { method: 'GET', expiresIn: 1_000_000 })
  const urls = (await Promise.all([sign(), sign(), sign(), sign()])).map(({ url }) => new URL(url))
  // Signed in the same second, with the same key, they are equal.
  const signatures = new Map(
    urls.map(({ searchParams }) => [searchParams.get('temp_url_expires'), searchParams.get('temp_url_sig')]),
  )
  expect(server.received.filter(({ method }) => method === 'POST')).toHaveLength(1)
  for (const { searchParams } of urls) {
    expect(searchParams.get('temp_url_sig')).toBe(signatures.get(searchParams.get('temp_url_expires')))
  }
  await storage.close()
})
