import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { httpResponse, startTcpProxy, type TcpProxy } from '../src/index.js'

const body = 'x'.repeat(1_000_000)
const server = createServer((_, response) => response.setHeader('Connection', 'close').end(body))
const echo = createServer((request, response) => response.end(request.url))
let proxy: TcpProxy
let keeping: TcpProxy

const inFrontOf = async (target: Server) => {
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
  return startTcpProxy(`http://127.0.0.1:${(target.address() as AddressInfo).port}`)
}

beforeAll(async () => {
  proxy = await inFrontOf(server)
  keeping = await inFrontOf(echo)
})
afterAll(async () => {
  await proxy.stop()
  await keeping.stop()
  server.close()
  echo.close()
})

const get = async () => (await fetch(proxy.endpoint)).text()

test('passes what the server sends', async () => {
  expect(await get()).toBe(body)
})

test.each(['reset', 'truncate'] as const)('breaks a response half-way: %s', async (kind) => {
  proxy.failNext({ kind, afterBytes: 500_000 })
  await expect(get()).rejects.toThrow()
  expect(await get()).toBe(body)
})

test('stalls a response', async () => {
  proxy.failNext({ kind: 'stall', afterBytes: 500_000 })
  const response = await fetch(proxy.endpoint)
  let received = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    received += chunk.length
    // The proxy counts the head of the response too, so the received bytes stay below its limit.
    if (received > 490_000) break
  }
  expect(received).toBeLessThan(500_000)
})

test('responds in place of the server', async () => {
  proxy.failNext(httpResponse(503, { 'Retry-After': '7' }, 'busy'))
  const response = await fetch(proxy.endpoint)
  expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([503, '7', 'busy'])
})

test('breaks the request that it is told to, and no other', async () => {
  const ask = (path: string) => fetch(`${keeping.endpoint}${path}`).then((response) => response.text())
  expect(await ask('/first')).toBe('/first')
  keeping.failRequest(/^GET \/second /, { kind: 'reset', afterBytes: 0 })
  expect(await ask('/other')).toBe('/other')
  await expect(ask('/second')).rejects.toThrow()
  expect(await ask('/second')).toBe('/second')
})

test('refuses connections, those that are open too, until it is told otherwise', async () => {
  const ask = () => fetch(`${keeping.endpoint}/again`).then((response) => response.text())
  expect(await ask()).toBe('/again')
  keeping.refuse(true)
  await expect(ask()).rejects.toThrow()
  keeping.refuse(false)
  expect(await ask()).toBe('/again')
})
