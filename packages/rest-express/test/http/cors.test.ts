import { describe, expect, it } from 'vitest'
import type { CorsOptions } from '../../src/index.js'
import { startServer } from '../tools/rest-server.js'

const origin = 'https://app.example.com'
const preflight = (method: string, headers = '', from = origin) => ({
  method: 'OPTIONS',
  headers: { Origin: from, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': headers },
})

const corsOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'))

const listed = (value: string | null) => (value ?? '').toLowerCase().split(', ')

describe('cors', () => {
  it('is off by default', async () => {
    const { fetch } = await startServer()
    expect(corsOf(await fetch('/photos/files', preflight('GET')))).toEqual({})
    expect(corsOf(await fetch('/photos/files', { headers: { Origin: origin } }))).toEqual({})
  })

  it('responds to preflights of every path, before authorize, and not for other origins', async () => {
    const asked: string[] = []
    const { fetch } = await startServer({
      resumable: true,
      cors: { origins: [origin] },
      authorize: ({ action }) => {
        asked.push(action)
        return false
      },
    })
    for (const [path, method] of [
      ['/', 'POST'],
      ['/photos', 'DELETE'],
      ['/photos/files', 'GET'],
      ['/photos/files/a/b', 'PUT'],
      ['/photos/upload', 'POST'],
      ['/photos/download/a', 'GET'],
      ['/photos/copy', 'POST'],
      ['/photos/uploads', 'POST'],
      ['/photos/uploads/ticket', 'PATCH'],
    ] as const) {
      const response = await fetch(path, preflight(method))
      expect([response.status, await response.text()]).toEqual([204, ''])
      expect(corsOf(response)).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-max-age': '7200',
        vary: 'Origin',
      })
      expect(listed(response.headers.get('access-control-allow-methods'))).toContain(method.toLowerCase())
      const other = await fetch(path, preflight(method, '', 'https://evil.example'))
      expect([other.status, corsOf(other)]).toEqual([204, { vary: 'Origin' }])
    }
    expect(asked).toEqual([])
  })

  it('allows what the clients of both protocols send, and exposes what they read', async () => {
    const cors = { origins: [origin], allowedHeaders: ['X-Tenant'], exposedHeaders: ['X-Trace'], maxAge: 60 }
    const { fetch } = await startServer({ resumable: true, cors })
    const response = await fetch('/photos/uploads', preflight('POST'))
    expect(listed(response.headers.get('access-control-allow-headers'))).toEqual(
      expect.arrayContaining(
        `authorization content-type tus-resumable upload-checksum upload-complete upload-concat upload-defer-length
        upload-draft-interop-version upload-length upload-metadata upload-offset x-http-method-override x-request-id
        x-tenant`.split(/\s+/),
      ),
    )
    expect(response.headers.get('access-control-max-age')).toBe('60')
    const failed = await fetch('/missing/files', { headers: { Origin: origin } })
    expect([failed.status, failed.headers.get('access-control-allow-origin')]).toEqual([404, origin])
    expect(listed(failed.headers.get('access-control-expose-headers'))).toEqual(
      expect.arrayContaining(
        `location upload-offset upload-length upload-metadata upload-defer-length upload-concat upload-expires
        upload-complete upload-limit upload-draft-interop-version tus-version tus-resumable tus-max-size tus-extension
        tus-checksum-algorithm retry-after etag link x-trace`.split(/\s+/),
      ),
    )
  })

  it('tells credentials only to listed origins, and every origin only without credentials', async () => {
    const listedOnly = await startServer({ cors: { origins: [origin, 'capacitor://localhost'], credentials: true } })
    for (const from of [origin, 'capacitor://localhost']) {
      expect(corsOf(await listedOnly.fetch('/photos/files', { headers: { Origin: from } }))).toMatchObject({
        'access-control-allow-origin': from,
        'access-control-allow-credentials': 'true',
        vary: 'Origin',
      })
    }
    for (const from of ['null', 'https://app.example.com.evil.example', `${origin}:8443`, 'http://app.example.com']) {
      expect(corsOf(await listedOnly.fetch('/photos/files', { headers: { Origin: from } }))).toEqual({ vary: 'Origin' })
    }
    const everyone = await startServer({ cors: { origins: '*' } })
    const open = corsOf(await everyone.fetch('/photos/files', { headers: { Origin: 'null' } }))
    expect(open).toMatchObject({ 'access-control-allow-origin': '*' })
    expect(open).not.toHaveProperty('vary')
    expect(open).not.toHaveProperty('access-control-allow-credentials')
  })

  it('says that a response depends on the origin, also to requests without one', async () => {
    const { fetch } = await startServer({ cors: { origins: [origin] } })
    expect(corsOf(await fetch('/photos/files'))).toEqual({ vary: 'Origin' })
  })

  it.each([
    ['every origin with credentials', { origins: '*', credentials: true }],
    ['the origin null', { origins: ['null'] }],
    ['an origin with a path', { origins: [`${origin}/`] }],
    ['an origin with its default port', { origins: [`${origin}:443`] }],
    ['a host without a scheme', { origins: ['app.example.com'] }],
    ['a pattern', { origins: ['https://*.example.com'] }],
    ['no origin', { origins: [] }],
    ['nothing', {}],
    ['a header that is none', { origins: '*', allowedHeaders: ['X Y'] }],
    ['a lifetime in words', { origins: '*', maxAge: 'long' }],
    ['an unknown option', { origins: '*', methods: ['GET'] }],
  ])('refuses %s', async (_, cors) => {
    await expect(startServer({ cors: cors as CorsOptions })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
