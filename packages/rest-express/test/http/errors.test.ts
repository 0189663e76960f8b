import { errorCodes, StorageError, type StorageErrorCode } from '@stowage/core'
import { MemoryProvider } from '@stowage/provider-memory'
import type { Express } from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { errorResponse, RequestError } from '../../src/index.js'
import { BrokenReads, BrokenRemovals } from '../tools/faulty-provider.js'
import { errorOf, eventually, startServer } from '../tools/rest-server.js'

describe('An error', () => {
  it.each(Object.entries(errorCodes).filter(([, { status }]) => status !== 304 && status !== 499))(
    '%s has its status, its code, and a message that tells nothing of the server',
    async (code, { status }) => {
      const { fetch, storage, failures } = await startServer()
      const error = new StorageError(code as StorageErrorCode, 'the message of the storage')
      storage.getContainer = () => Promise.reject(error)
      const response = await fetch('/photos')
      expect(response.status).toBe(status)
      const body = await errorOf(response)
      expect(body).toMatchObject({ statusCode: status, name: 'Error', code })
      const isNeutral = status >= 500 && status !== 501
      expect(body.message === 'the message of the storage').toBe(!isNeutral)
      expect(failures).toEqual([{ error, statusCode: status, action: 'getContainer' }])
    },
  )

  it.each(['UNAUTHENTICATED', 'PERMISSION_DENIED'] as const)(
    '%s of the storage is a failed service to the client, and itself to the application',
    async (code) => {
      const provider = new MemoryProvider()
      const { fetch, failures } = await startServer({ provider })
      provider.getContainer = () =>
        Promise.reject(new StorageError(code, 'the service refused: InvalidAccessKeyId (403)'))
      const response = await fetch('/photos')
      expect(response.status).toBe(502)
      expect(await errorOf(response)).toEqual({
        statusCode: 502,
        name: 'Error',
        message: 'the storage failed',
        code: 'SERVICE_FAILED',
      })
      expect(failures).toMatchObject([{ error: { code, provider: 'memory' }, statusCode: 502 }])
    },
  )

  it.each([
    ['UNAUTHENTICATED', 401],
    ['PERMISSION_DENIED', 403],
  ] as const)('%s that the application throws is its refusal of the client', async (code, status) => {
    const { fetch } = await startServer({
      authorize: () => {
        throw new StorageError(code, 'not you')
      },
    })
    const response = await fetch('/photos')
    expect([response.status, await errorOf(response)]).toEqual([
      status,
      expect.objectContaining({ code, message: 'not you' }),
    ])
  })

  it('of one file of a batch removal is reported, and tells the client nothing of the storage', async () => {
    const { fetch, failures } = await startServer({ provider: new BrokenRemovals('b') })
    const response = await fetch('/photos/remove', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"files":["a","b"]}',
    })
    expect(await response.json()).toEqual([
      { file: 'a' },
      {
        file: 'b',
        error: {
          statusCode: 502,
          name: 'Error',
          message: 'the storage failed',
          code: 'SERVICE_FAILED',
        },
      },
    ])
    expect(failures).toMatchObject([
      { action: 'removeFile', statusCode: 502, error: { message: 'it is locked', file: 'b' } },
    ])
  })

  it('of an unknown kind is a 500 that tells nothing', async () => {
    const { fetch, storage } = await startServer()
    storage.getContainer = () => Promise.reject(new Error('/home/app/key.pem: AKIA123'))
    const response = await fetch('/photos')
    expect(response.status).toBe(500)
    expect(await response.text()).toBe(
      '{"error":{"statusCode":500,"name":"Error","message":"internal server error","code":"INTERNAL"}}',
    )
  })

  it('carries nosniff and is not to be stored', async () => {
    const { fetch } = await startServer()
    const { headers } = await fetch('/nope')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
  })

  it.each([
    ['application/problem+json', true],
    ['text/html, application/Problem+JSON;q=0.5', true],
    ['application/problem+json;q=0', false],
    ['application/json', false],
    ['*/*', false],
    ['', false],
  ])('is problem+json for a client that accepts "%s": %s', async (accept, problem) => {
    const { fetch } = await startServer()
    const response = await fetch('/nope', { headers: { Accept: accept } })
    expect(response.status).toBe(404)
    if (!problem) {
      expect((await errorOf(response)).code).toBe('CONTAINER_NOT_FOUND')
      return
    }
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'container "nope" does not exist',
      code: 'CONTAINER_NOT_FOUND',
    })
  })

  it('has no body on HEAD', async () => {
    const { fetch } = await startServer()
    const response = await fetch('/nope', { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([404, ''])
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
  })

  it('passes on how long to wait', async () => {
    const { fetch, storage } = await startServer()
    storage.getContainer = () =>
      Promise.reject(new StorageError('RATE_LIMITED', 'slow', { details: { retryAfter: 1.2 } }))
    const response = await fetch('/photos')
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '2'])
  })

  it('does no harm when the hook that hears of it fails', async () => {
    const warnings: Error[] = []
    const listener = (warning: Error) => warnings.push(warning)
    process.on('warning', listener)
    const { fetch } = await startServer({
      onError: () => {
        throw new Error('no disk for logs')
      },
    })
    expect((await fetch('/nope')).status).toBe(404)
    process.off('warning', listener)
    expect(warnings.map(({ message }) => message)).toContain(
      'onError of the storage router failed: Error: no disk for logs',
    )
  })

  it('can be told for a log', () => {
    expect(errorResponse(new RequestError(405, 'X', 'm', { Allow: 'GET' }))).toEqual({
      statusCode: 405,
      code: 'X',
      message: 'm',
      headers: { Allow: 'GET' },
    })
    expect(errorResponse('anything')).toMatchObject({ statusCode: 500, code: 'INTERNAL' })
  })
})

/** The warnings of this process until the test ends. */
function warningsOfTest(): Error[] {
  const warnings: Error[] = []
  const listener = (warning: Error) => warnings.push(warning)
  process.on('warning', listener)
  onTestFinished(() => void process.off('warning', listener))
  return warnings
}

/** Fails as a provider with a bug does. */
function brokenProvider(error: Error): MemoryProvider {
  const provider = new MemoryProvider()
  provider.getContainer = () => Promise.reject(error)
  return provider
}

describe('A failure of the server', () => {
  const ofRouter = (warnings: readonly Error[]) => warnings.filter(({ name }) => name === 'StorageRouterWarning')

  it('is a warning for each request where the application has no onError', async () => {
    const warnings = warningsOfTest()
    const { fetch } = await startServer({ provider: brokenProvider(new Error('a bug')), withoutOnError: true })
    expect((await fetch('/photos')).status).toBe(500)
    expect((await fetch('/photos')).status).toBe(500)
    await eventually(() => ofRouter(warnings).length === 2)
    expect(ofRouter(warnings)[0]).toMatchObject({
      message: expect.stringContaining('getContainer failed with status 500'),
      detail: expect.stringMatching(/StorageError: .*getContainer/s),
    })
  })

  it('is a warning too when the response has begun', async () => {
    const warnings = warningsOfTest()
    const provider = new BrokenReads(Buffer.alloc(1000), new Error('a bug'))
    const { fetch, storage } = await startServer({ provider, withoutOnError: true, forwardErrors: true })
    await storage.putFile('photos', 'a', Buffer.alloc(5000))
    await expect(fetch('/photos/download/a').then((response) => response.text())).rejects.toThrow()
    await eventually(() => ofRouter(warnings).length === 1)
  })

  it('is what a request is not that was refused, or that asks for what the storage does not have', async () => {
    const warnings = warningsOfTest()
    const provider = brokenProvider(new StorageError('NOT_SUPPORTED', 'not here'))
    const { fetch } = await startServer({ provider, withoutOnError: true })
    expect((await fetch('/photos')).status).toBe(501)
    expect((await fetch('/missing/files')).status).toBe(404)
    expect((await fetch('/photos', { method: 'PATCH' })).status).toBe(405)
    // Warnings come in order.
    process.emitWarning('the last one')
    await eventually(() => warnings.some(({ message }) => message === 'the last one'))
    expect(ofRouter(warnings)).toEqual([])
  })

  it.each(['express 5', 'express 4'] as const)(
    'goes to the error handler of %s where it is asked for',
    async (framework) => {
      const warnings = warningsOfTest()
      const forwarded: unknown[] = []
      const after = (app: Express) =>
        app.use((error: unknown, _req: unknown, res: import('express').Response, _next: unknown) => {
          forwarded.push(error)
          res.status(503).send('sorry')
        })
      for (const error of [
        new Error('a bug'),
        new StorageError('UNAUTHENTICATED', 'wrong key'),
        Object.assign(new Error('a bug of another kind'), { statusCode: 404 }),
      ]) {
        const provider = brokenProvider(error)
        const { fetch } = await startServer({ provider, framework, after, withoutOnError: true, forwardErrors: true })
        const response = await fetch('/photos')
        expect([response.status, await response.text()]).toEqual([503, 'sorry'])
      }
      expect(forwarded).toMatchObject([
        { statusCode: 500 },
        {
          statusCode: 502,
          message: 'the storage failed: wrong key',
          cause: { code: 'UNAUTHENTICATED' },
        },
        { statusCode: 500 },
      ])
      expect(ofRouter(warnings)).toEqual([])
    },
  )

  it('is what the router responds to where there is no error handler to ask', async () => {
    const provider = brokenProvider(new Error('a bug'))
    const { fetch, failures } = await startServer({ provider, framework: 'node:http', forwardErrors: true })
    expect((await errorOf(await fetch('/photos'))).code).toBe('INTERNAL')
    expect(failures).toHaveLength(1)
  })
})
