import { once } from 'node:events'
import { request } from 'node:http'
import { describeServer } from '@stowage/test-servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Demo, startDemo, type Workplace, workplace } from './demo-process.js'

describeServer('ceph', ({ endpoint, region, keyId, key }) => {
  const container = `two-nodes-${crypto.randomUUID()}`
  const storage = { provider: 'amazon', endpoint, region, keyId, key }
  let place: Workplace
  let first: Demo
  let second: Demo
  const at = (demo: Demo, path = '') => `${demo.url}/api/containers/${container}${path}`
  const put = (demo: Demo, file: string, body: string, headers: Record<string, string> = {}) =>
    fetch(at(demo, `/files/${file}`), { method: 'PUT', body, headers })
  const textOf = async (demo: Demo, file: string) => (await fetch(at(demo, `/download/${file}`))).text()

  beforeAll(async () => {
    place = await workplace({ storage })
    ;[first, second] = await Promise.all([
      startDemo(place.directory, place.environment),
      startDemo(place.directory, place.environment),
    ])
    await fetch(`${first.url}/api/containers`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: container }),
    })
  })

  afterAll(async () => {
    await fetch(at(second), { method: 'DELETE' })
    await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()])
    await place[Symbol.asyncDispose]()
  })

  test('two processes over one store see each other’s containers and files at once', async () => {
    expect((await fetch(at(second))).status).toBe(200)
    expect((await put(first, 'shared.txt', 'of the first')).status).toBe(201)
    expect(await textOf(second, 'shared.txt')).toBe('of the first')
    expect((await put(second, 'shared.txt', 'of the second')).status).toBe(200)
    expect(await textOf(first, 'shared.txt')).toBe('of the second')

    const form = new FormData()
    form.append('file', new Blob(['a form']), 'form.txt')
    await fetch(at(first, '/upload'), { method: 'POST', body: form })
    const listed = (await (await fetch(at(second, '/files'))).json()) as { name: string }[]
    expect(listed.map(({ name }) => name)).toEqual(['form.txt', 'shared.txt'])

    expect((await fetch(at(second, '/files/form.txt'), { method: 'DELETE' })).status).toBe(200)
    expect((await fetch(at(first, '/download/form.txt'))).status).toBe(404)
  })

  test('what one of them says of a version holds at the other', async () => {
    const etag = (await put(first, 'version.txt', 'old')).headers.get('etag') ?? ''
    const same = await fetch(at(second, '/download/version.txt'), { headers: { 'If-None-Match': etag } })
    expect(same.status).toBe(304)
    expect((await put(second, 'version.txt', 'new', { 'If-Match': etag })).status).toBe(200)
    expect((await put(first, 'version.txt', 'stale', { 'If-Match': etag })).status).toBe(412)
    expect(await textOf(first, 'version.txt')).toBe('new')
  })

  test('one that is killed while it takes a large file leaves the old one to the other', async () => {
    await put(second, 'large.bin', 'old')
    const third = await startDemo(place.directory, place.environment)
    const upload = request(at(third, '/files/large.bin'), { method: 'PUT' })
    // The connection breaks with the process.
    const broken = once(upload, 'error')
    for (let sent = 0; sent < 32; sent++) {
      if (!upload.write(Buffer.alloc(1024 ** 2))) await once(upload, 'drain')
    }
    await third[Symbol.asyncDispose]()
    upload.end()
    await broken
    expect(await textOf(second, 'large.bin')).toBe('old')
    const listed = (await (await fetch(at(first, '/files?prefix=large'))).json()) as { size: number }[]
    expect(listed).toMatchObject([{ size: 3 }])
  })
})
