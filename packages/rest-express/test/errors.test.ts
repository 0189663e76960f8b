import { errorCodes, StorageError, type StorageErrorCode } from '@stowage/core'
import { describe, expect, it } from 'vitest'
import { errorAnswer, RequestError } from '../src/index.js'
import { errorOf, startServer } from './rest-server.js'

describe('An error', () => {
  it.each(Object.entries(errorCodes).filter(([, { status }]) => status !== 304 && status !== 499))(
    '%s has its status, its code, and a message that tells nothing of the server',
    async (code, { status }) => {
      const { fetch, storage, failures } = await startServer()
      const error = new StorageError(code as StorageErrorCode, 'the message of the storage')
      storage.getContainer = () => Promise.reject(error)
      const answer = await fetch('/photos')
      expect(answer.status).toBe(status)
      const body = await errorOf(answer)
      expect(body).toMatchObject({ statusCode: status, name: 'Error', code })
      const isNeutral = status >= 500 && status !== 501
      expect(body.message === 'the message of the storage').toBe(!isNeutral)
      expect(failures).toEqual([{ error, statusCode: status, action: 'getContainer' }])
    },
  )

  it('of an unknown kind is a 500 that tells nothing', async () => {
    const { fetch, storage } = await startServer()
    storage.getContainer = () => Promise.reject(new Error('/home/app/key.pem: AKIA123'))
    const answer = await fetch('/photos')
    expect(answer.status).toBe(500)
    expect(await answer.text()).toBe(
      '{"error":{"statusCode":500,"name":"Error","message":"the server failed","code":"INTERNAL"}}',
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
    const answer = await fetch('/nope', { headers: { Accept: accept } })
    expect(answer.status).toBe(404)
    if (!problem) {
      expect((await errorOf(answer)).code).toBe('CONTAINER_NOT_FOUND')
      return
    }
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'there is no container "nope"',
      code: 'CONTAINER_NOT_FOUND',
    })
  })

  it('has no body on HEAD', async () => {
    const { fetch } = await startServer()
    const answer = await fetch('/nope', { method: 'HEAD' })
    expect([answer.status, await answer.text()]).toEqual([404, ''])
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(0)
  })

  it('passes on how long to wait', async () => {
    const { fetch, storage } = await startServer()
    storage.getContainer = () =>
      Promise.reject(new StorageError('RATE_LIMITED', 'slow', { details: { retryAfter: 1.2 } }))
    const answer = await fetch('/photos')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '2'])
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
    expect(errorAnswer(new RequestError(405, 'X', 'm', { Allow: 'GET' }))).toEqual({
      statusCode: 405,
      code: 'X',
      message: 'm',
      headers: { Allow: 'GET' },
    })
    expect(errorAnswer('anything')).toMatchObject({ statusCode: 500, code: 'INTERNAL' })
  })
})
