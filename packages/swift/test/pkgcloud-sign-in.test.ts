import { inspect } from 'node:util'
import type { StorageError } from '@stowage/core'
import { describe, expect, test } from 'vitest'
import { PkgcloudSignIn } from '../src/index.js'
import { startServer, type TestServer } from './test-server.js'

const signal = new AbortController().signal
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()

const endpoint = (region: string, url: string, kind = 'public') => ({ region, region_id: region, interface: kind, url })

function keystone3(endpoints: readonly object[], extra: object = {}): Promise<TestServer> {
  return startServer((_, response) => {
    response.writeHead(201, { 'x-subject-token': 'token-3', 'content-type': 'application/json' })
    const catalog = [
      { type: 'identity', name: 'keystone', endpoints: [endpoint('One', 'http://identity')] },
      { type: 'object-store', name: 'swift', endpoints },
    ]
    const token = { expires_at: inAnHour(), issued_at: inAnHour(), project: { id: 'p', name: 'p' }, catalog, ...extra }
    response.end(JSON.stringify({ token }))
  })
}

const withKeystone3 = (server: TestServer, options: { region?: string; useInternal?: boolean } = {}) =>
  new PkgcloudSignIn({
    identity: 'openstack',
    credentials: {
      url: server.url,
      keystoneAuthVersion: 'v3',
      username: 'ada',
      password: 'hunter2',
      domainId: 'default',
    },
    ...options,
  })

const failure = (signIn: PkgcloudSignIn): Promise<StorageError> =>
  signIn.authenticate(signal).then(
    () => Promise.reject(new Error('the sign-in succeeded')),
    (error: StorageError) => error,
  )

describe('Keystone 3', () => {
  test('the only region is the default, and trailing slashes are removed', async () => {
    await using server = await keystone3([endpoint('One', 'http://swift/v1/AUTH_p/')])
    const session = await withKeystone3(server).authenticate(signal)
    expect(session).toMatchObject({ endpoint: 'http://swift/v1/AUTH_p', token: 'token-3' })
    expect(session.expires.getTime()).toBeGreaterThan(Date.now())
    expect(server.received[0]?.path).toBe('/v3/auth/tokens')
  })

  test('the region, in any case, and the internal endpoint can be chosen', async () => {
    const endpoints = ['One', 'Two'].flatMap((region) => [
      endpoint(region, `http://public-${region}/v1/AUTH_p`),
      endpoint(region, `http://internal-${region}/v1/AUTH_p`, 'internal'),
    ])
    await using server = await keystone3(endpoints)
    const chosen = await withKeystone3(server, { region: 'two' }).authenticate(signal)
    expect(chosen.endpoint).toBe('http://public-two/v1/AUTH_p')
    const internal = await withKeystone3(server, { region: 'One', useInternal: true }).authenticate(signal)
    expect(internal.endpoint).toBe('http://internal-one/v1/AUTH_p')
  })

  test('several regions without a choice, and an unknown region, are errors that name the regions', async () => {
    await using server = await keystone3([endpoint('One', 'http://one/v1/a'), endpoint('Two', 'http://two/v1/a')])
    for (const region of [undefined, 'Three']) {
      const error = await failure(withKeystone3(server, region === undefined ? {} : { region }))
      expect(error).toMatchObject({ code: 'UNAUTHENTICATED', details: { property: 'region' } })
      expect(error.message).toContain('One, Two')
    }
  })

  test('a catalogue without an object store, or with one that has no URL, is BAD_RESPONSE', async () => {
    await using none = await keystone3([])
    expect(await failure(withKeystone3(none))).toMatchObject({ code: 'BAD_RESPONSE' })
    await using odd = await keystone3([endpoint('One', 'file:///etc')])
    expect(await failure(withKeystone3(odd))).toMatchObject({ code: 'BAD_RESPONSE' })
  })

  test('a token without a project is BAD_RESPONSE, and the message says what to check', async () => {
    await using server = await keystone3([], { project: undefined })
    const error = await failure(withKeystone3(server))
    expect(error.code).toBe('BAD_RESPONSE')
    expect(error.message).toContain('project')
  })
})

describe('Keystone 2', () => {
  const signIn = (server: TestServer, tenantName?: string) =>
    new PkgcloudSignIn({
      identity: 'openstack',
      credentials: {
        url: server.url,
        keystoneAuthVersion: 'v2.0',
        username: 'ada',
        password: 'hunter2',
        ...(tenantName === undefined ? {} : { tenantName }),
      },
    })
  const access = (tenant: object | undefined) => ({
    access: {
      token: { id: 'token-2', expires: inAnHour(), tenant },
      serviceCatalog: [
        { type: 'object-store', name: 'swift', endpoints: [{ region: 'One', publicURL: 'http://swift/v1/AUTH_t' }] },
      ],
      user: { id: '1' },
    },
  })

  test('signs in to a tenant', async () => {
    await using server = await startServer((_, response) => response.end(JSON.stringify(access({ id: 't' }))))
    expect(await signIn(server, 'demo').authenticate(signal)).toMatchObject({
      endpoint: 'http://swift/v1/AUTH_t',
      token: 'token-2',
    })
    expect(server.received[0]?.path).toBe('/v2.0/tokens')
    expect(JSON.parse(String(server.received[0]?.body))).toEqual({
      auth: { passwordCredentials: { username: 'ada', password: 'hunter2' }, tenantName: 'demo' },
    })
  })

  test('the default tenant is the first one that is enabled', async () => {
    await using server = await startServer(({ path, body }, response) => {
      if (path === '/v2.0/tenants') {
        const tenants = [
          { id: 'off', enabled: false },
          { id: 't', enabled: true },
        ]
        return response.end(JSON.stringify({ tenants }))
      }
      return response.end(JSON.stringify(access(String(body).includes('"tenantId":"t"') ? { id: 't' } : undefined)))
    })
    expect((await signIn(server).authenticate(signal)).token).toBe('token-2')
    expect(server.received.map(({ path }) => path)).toEqual(['/v2.0/tokens', '/v2.0/tenants', '/v2.0/tokens'])
  })

  test('a response without tenants ends the sign-in', async () => {
    await using server = await startServer(({ path }, response) =>
      response.end(path === '/v2.0/tenants' ? 'null' : JSON.stringify(access(undefined))),
    )
    expect(await failure(signIn(server))).toMatchObject({ code: 'BAD_RESPONSE' })
  })
})

describe('Rackspace', () => {
  test("the default region is the user's, and the API key is sent", async () => {
    const regions = ['DFW', 'ORD'].map((region) => ({ region, publicURL: `http://${region.toLowerCase()}/v1/r` }))
    await using server = await startServer((_, response) =>
      response.end(
        JSON.stringify({
          access: {
            token: { id: 'token-r', expires: inAnHour(), tenant: { id: 'r' } },
            serviceCatalog: [{ type: 'object-store', name: 'cloudFiles', endpoints: regions }],
            user: { 'RAX-AUTH:defaultRegion': 'ORD' },
          },
        }),
      ),
    )
    const credentials = { url: server.url, username: 'ada', apiKey: 'key' }
    const own = await new PkgcloudSignIn({ identity: 'rackspace', credentials }).authenticate(signal)
    expect(own.endpoint).toBe('http://ord/v1/r')
    const chosen = await new PkgcloudSignIn({ identity: 'rackspace', credentials, region: 'dfw' }).authenticate(signal)
    expect(chosen.endpoint).toBe('http://dfw/v1/r')
    expect(JSON.parse(String(server.received[0]?.body))).toEqual({
      auth: { 'RAX-KSKEY:apiKeyCredentials': { username: 'ada', apiKey: 'key' } },
    })
  })
})

describe('a sign-in that fails', () => {
  test('has the code of its status, and its error contains nothing of the request or the response', async () => {
    const meanings = {
      400: 'UNAUTHENTICATED',
      401: 'UNAUTHENTICATED',
      403: 'PERMISSION_DENIED',
      404: 'UNAUTHENTICATED',
      418: 'BAD_RESPONSE',
      429: 'RATE_LIMITED',
      500: 'UNAVAILABLE',
      503: 'UNAVAILABLE',
    }
    for (const [status, code] of Object.entries(meanings)) {
      await using server = await startServer(({ body }, response) =>
        response.writeHead(Number(status), { 'retry-after': '7' }).end(body),
      )
      const error = await failure(withKeystone3(server))
      expect(error.code, status).toBe(code)
      expect(error.details.retryAfter).toBe(7)
      const shown = `${inspect(error, { depth: 9, showHidden: true })}${JSON.stringify(error)}${error.stack}`
      expect(shown).not.toContain('hunter2')
    }
  })

  test('is BAD_RESPONSE if a response of status 200 is invalid', async () => {
    for (const garbage of ['', 'hunter2', '{}', 'null', '[]', '{"token":null}', '<html>']) {
      await using server = await startServer((_, response) => response.end(garbage))
      const error = await failure(withKeystone3(server))
      expect(error.code, garbage).toBe('BAD_RESPONSE')
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2')
    }
  })

  test('is UNAVAILABLE if the service is unreachable', async () => {
    const server = await startServer((_, response) => response.end())
    await server[Symbol.asyncDispose]()
    expect(await failure(withKeystone3(server))).toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('can be aborted', async () => {
    const controller = new AbortController()
    await using server = await startServer(() => controller.abort(new Error('enough')))
    await expect(withKeystone3(server).authenticate(controller.signal)).rejects.toThrow()
  })
})
