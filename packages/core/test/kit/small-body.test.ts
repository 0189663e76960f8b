import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StorageError } from '../../src/contract/errors.js'
import { readSmallBody } from '../../src/kit/small-body.js'

const broken = (error: unknown) => new StorageError('CONNECTION_LOST', String(error))

describe('a small body', () => {
  const server = createServer((asked, response) => {
    response.writeHead(200, { 'content-length': 6 })
    response.write('abc')
    if (asked.url === '/whole') response.end('def')
    if (asked.url === '/broken') response.socket?.end()
  })
  beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  async function responseTo(path: string): Promise<IncomingMessage> {
    const { port } = server.address() as AddressInfo
    const [response] = await once(request({ port, host: '127.0.0.1', path, agent: false }).end(), 'response')
    return response as IncomingMessage
  }

  it('is read whole', async () => {
    const { signal } = new AbortController()
    const body = await responseTo('/whole')
    expect((await readSmallBody(body, 6, signal, broken)).toString()).toBe('abcdef')
  })

  it('that breaks off is a connection that was lost', async () => {
    const { signal } = new AbortController()
    const read = readSmallBody(await responseTo('/broken'), 6, signal, broken)
    await expect(read).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  it('that is longer than it should be is refused, and its connection ended', async () => {
    const { signal } = new AbortController()
    const body = await responseTo('/whole')
    await expect(readSmallBody(body, 2, signal, broken)).rejects.toMatchObject({ code: 'BAD_RESPONSE' })
    expect(body.destroyed).toBe(true)
  })

  it('that does not come is given up when the signal is aborted', async () => {
    const controller = new AbortController()
    const body = await responseTo('/silent')
    const read = readSmallBody(body, 6, controller.signal, broken)
    controller.abort(new Error('enough'))
    await expect(read).rejects.toMatchObject({ message: 'Error: enough' })
    expect(body.destroyed).toBe(true)
  })
})
