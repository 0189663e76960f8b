import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { DemoProcess, runDemo, workplace } from './demo-process.js'

async function startWorkers(directory: string, environment: Readonly<Record<string, string>>) {
  const demo = new DemoProcess({ ...environment, WORKERS: '2' }, directory)
  const url = await demo.says(/http:\/\/\S+/)
  await demo.says(/2 worker processes/)
  const children = async () => {
    const list = await readFile(`/proc/${demo.pid}/task/${demo.pid}/children`, 'utf8')
    return list.trim().split(' ').map(Number)
  }
  return { demo, url, children, [Symbol.asyncDispose]: () => demo[Symbol.asyncDispose]() }
}

const isOk = async (url: string) => {
  // A connection of its own, so that each request can reach any worker.
  const response = await fetch(`${url}/api/containers`, { headers: { connection: 'close' } })
  await response.arrayBuffer()
  return response.ok
}

test.skipIf(process.platform !== 'linux')('a worker that is killed is replaced, while the other serves', async () => {
  await using place = await workplace()
  await using running = await startWorkers(place.directory, place.environment)
  const before = await running.children()
  expect(before).toHaveLength(2)
  process.kill(before[0] as number, 'SIGKILL')
  await expect.poll(() => running.demo.stderr).toMatch(/worker \d+ ended with SIGKILL; starting another one/)
  for (let index = 0; index < 10; index++) expect(await isOk(running.url)).toBe(true)
  await expect.poll(running.children).toHaveLength(2)
  expect(await running.children()).not.toContain(before[0])
})

test.skipIf(process.platform !== 'linux')('SIGHUP replaces all workers, and no request fails', async () => {
  await using place = await workplace()
  await using running = await startWorkers(place.directory, place.environment)
  const before = await running.children()
  let replaced = false
  const visitor = async () => {
    let count = 0
    for (; !replaced || count < 20; count++) expect(await isOk(running.url)).toBe(true)
    return count
  }
  // Several at a time, so that a worker is sent a connection in the very moment in which it ends.
  const visitors = Promise.all(Array.from({ length: 8 }, visitor))
  running.demo.kill('SIGHUP')
  await running.demo.says(/all workers are new/)
  replaced = true
  for (const count of await visitors) expect(count).toBeGreaterThanOrEqual(20)
  await expect.poll(running.children, { timeout: 30_000 }).toHaveLength(2)
  for (const pid of await running.children()) expect(before).not.toContain(pid)
})

test.skipIf(process.platform !== 'linux')(
  'a replaced worker returns connections that it was sent too late',
  async () => {
    await using place = await workplace()
    await using running = await startWorkers(place.directory, place.environment)
    const primary = running.demo.pid as number
    const [worker] = (await running.children()) as [number]
    process.kill(worker, 'SIGSTOP')
    running.demo.kill('SIGHUP')
    await running.demo.says(/all workers are new/)
    // The worker has its order to end. When the primary process runs again, it finds connections,
    // one of them for that worker, before it reads that the worker no longer listens.
    process.kill(primary, 'SIGSTOP')
    const requests = Promise.all(Array.from({ length: 8 }, () => isOk(running.url)))
    await delay(200)
    process.kill(worker, 'SIGCONT')
    // A worker that does not wait for the primary process ends meanwhile.
    await delay(1000)
    process.kill(primary, 'SIGCONT')
    expect(await requests).toEqual(Array(8).fill(true))
  },
)

test.each(['SIGTERM', 'SIGINT'] as const)('%s lets an upload finish, whichever worker has it', async (signal) => {
  await using place = await workplace()
  await using running = await startWorkers(place.directory, place.environment)
  const { url, demo } = running
  await fetch(`${url}/api/containers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"photos"}',
  })
  const uploads = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (name) => {
      const upload = request(`${url}/api/containers/photos/files/${name}`, {
        method: 'PUT',
        agent: false,
        headers: { expect: '100-continue', 'content-length': 10 },
      })
      upload.flushHeaders()
      await once(upload, 'continue')
      return upload
    }),
  )
  const responses = uploads.map((upload) => once(upload, 'response') as Promise<[IncomingMessage]>)
  demo.kill(signal)
  await demo.says(/finishing pending requests/)
  for (const upload of uploads) upload.end('0123456789')
  for (const response of responses) {
    const [message] = await response
    expect(message.statusCode).toBe(201)
    await text(message)
  }
  expect(await demo.ended).toMatchObject({ code: 0, stderr: '' })
})

test('what prevents a start is said once, and ends the demo', async () => {
  await using place = await workplace()
  await using first = await startWorkers(place.directory, place.environment)
  const { port } = new URL(first.url)
  const ended = await runDemo(place.directory, { ...place.environment, WORKERS: '2', PORT: port })
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Stowage cannot start: .*listens there.*\n$/) })
})

test.each([
  ['0', 'WORKERS must be a whole number from 1 to 1024, not "0"'],
  ['many', 'WORKERS must be a whole number from 1 to 1024, not "many"'],
])('WORKERS=%s is refused', async (workers, message) => {
  await using place = await workplace()
  const ended = await runDemo(place.directory, { ...place.environment, WORKERS: workers })
  expect(ended).toMatchObject({ code: 1, stderr: `Stowage cannot start: ${message}\n` })
})
