import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { Agent, type ClientRequest, createServer, get, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { GracefulShutdown } from '../src/shutdown.js'
import { type Demo, startDemo, workplace } from './demo-process.js'

const newContainer = ({ url }: Demo) =>
  fetch(`${url}/api/containers`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"name":"photos"}',
  })

/** A raw upload that the server has begun to take. */
async function uploadUnderWay({ url }: Demo): Promise<ClientRequest> {
  const upload = request(`${url}/api/containers/photos/files/slow.txt`, {
    method: 'PUT',
    headers: { Expect: '100-continue', 'Content-Length': 10 },
  })
  upload.flushHeaders()
  await once(upload, 'continue')
  upload.write('first')
  return upload
}

const finishing = /finishing pending requests/

describe.each(['SIGTERM', 'SIGINT'] as const)('after %s', (signal) => {
  test('an upload under way is finished, new connections are refused, and the code is 0', async () => {
    await using place = await workplace()
    await using demo = await startDemo(place.directory, place.environment)
    await newContainer(demo)
    const upload = await uploadUnderWay(demo)
    const responded = once(upload, 'response') as Promise<[IncomingMessage]>
    demo.process.kill(signal)
    await demo.process.says(finishing)
    const refused = connect(Number(new URL(demo.url).port), '127.0.0.1')
    await expect(once(refused, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    upload.end('-last')
    const [response] = await responded
    expect(response.statusCode).toBe(201)
    expect(response.headers.connection).toBe('close')
    expect(await text(response)).toContain('"size":10')
    expect(await demo.process.ended).toMatchObject({ code: 0, stderr: '' })
    expect(await readFile(join(place.directory, 'storage', 'photos', 'slow.txt'), 'utf8')).toBe('first-last')
  })
})

test('a download under way is finished, however slowly it is read', async () => {
  await using place = await workplace()
  await using demo = await startDemo(place.directory, place.environment)
  await newContainer(demo)
  const size = 64 * 1024 * 1024
  await fetch(`${demo.url}/api/containers/photos/files/large`, { method: 'PUT', body: new Uint8Array(size) })
  const download = get(`${demo.url}/api/containers/photos/download/large`)
  const [response] = (await once(download, 'response')) as [IncomingMessage]
  demo.process.kill('SIGTERM')
  await demo.process.says(finishing)
  let received = 0
  for await (const chunk of response) received += (chunk as Buffer).length
  expect(received).toBe(size)
  expect(await demo.process.ended).toMatchObject({ code: 0 })
})

test('idle connections are closed, those that said nothing yet too', async () => {
  await using place = await workplace({ storage: { provider: 'memory' } })
  await using demo = await startDemo(place.directory, place.environment)
  const silent = connect(Number(new URL(demo.url).port), '127.0.0.1')
  await once(silent, 'connect')
  const agent = new Agent({ keepAlive: true })
  const kept = get(`${demo.url}/api/containers`, { agent })
  const [response] = (await once(kept, 'response')) as [IncomingMessage]
  await text(response)
  demo.process.kill('SIGTERM')
  expect(await demo.process.ended).toMatchObject({ code: 0, stderr: '' })
  agent.destroy()
  silent.destroy()
})

test('a second signal ends at once, and leaves no half of a file to be seen', async () => {
  await using place = await workplace()
  await using demo = await startDemo(place.directory, place.environment)
  await newContainer(demo)
  const upload = await uploadUnderWay(demo)
  const broken = once(upload, 'error')
  demo.process.kill('SIGTERM')
  await demo.process.says(finishing)
  demo.process.kill('SIGTERM')
  expect(await demo.process.ended).toMatchObject({ code: 143 })
  await broken
  expect(await readdir(join(place.directory, 'storage', 'photos'))).toEqual([])
})

test('time that runs out cuts what is still under way, first heads and then requests', async () => {
  const underWay = Promise.withResolvers<void>()
  const server = createServer(() => underWay.resolve())
  const shutdown = new GracefulShutdown(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const head = connect(port, '127.0.0.1').on('error', () => undefined)
  head.write('GET / HTTP/1.1\r\nHost: ')
  const request = connect(port, '127.0.0.1').on('error', () => undefined)
  request.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const order: string[] = []
  head.once('close', () => order.push('head'))
  request.once('close', () => order.push('request'))
  await underWay.promise
  expect(await shutdown.stop({ headGrace: 10, requestGrace: 500 })).toBe(false)
  await Promise.all([head, request].map((socket) => socket.closed || once(socket, 'close')))
  expect(order).toEqual(['head', 'request'])
})
