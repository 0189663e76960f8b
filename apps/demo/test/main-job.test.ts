import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo, type Workplace, workplace } from './demo-process.js'

describe('the main job over HTTP', () => {
  let place: Workplace
  let demo: Demo
  let containers: string

  beforeAll(async () => {
    place = await workplace()
    demo = await startDemo(place.directory, place.environment)
    containers = `${demo.url}/api/containers`
  })

  afterAll(async () => {
    await demo[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  const create = (name: string) =>
    fetch(containers, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name }),
    })

  test('a container is created, told of, listed and destroyed', async () => {
    const created = await create('first')
    expect(created.status).toBe(200)
    expect(await created.json()).toMatchObject({ name: 'first', size: expect.any(Number), mtime: expect.any(String) })
    expect(await (await fetch(`${containers}/first`)).json()).toMatchObject({ name: 'first' })
    expect(await (await fetch(containers)).json()).toContainEqual(expect.objectContaining({ name: 'first' }))
    const destroyed = await fetch(`${containers}/first`, { method: 'DELETE' })
    expect([destroyed.status, await destroyed.json()]).toEqual([200, {}])
    const missing = await fetch(`${containers}/first`)
    expect(missing.status).toBe(404)
    expect(await missing.json()).toMatchObject({ error: { statusCode: 404, code: 'CONTAINER_NOT_FOUND' } })
  })

  test('a form with two files and a field stores both files', async () => {
    await create('forms')
    const form = new FormData()
    form.append('title', 'Summer')
    form.append('pictures', new Blob(['sea'], { type: 'text/plain' }), 'sea.txt')
    form.append('pictures', new Blob(['mountains'], { type: 'text/plain' }), 'mountains.txt')
    const stored = await fetch(`${containers}/forms/upload`, { method: 'POST', body: form })
    expect(await stored.json()).toEqual({
      result: {
        files: {
          pictures: [
            { container: 'forms', name: 'sea.txt', type: 'text/plain', field: 'pictures', size: 3 },
            { container: 'forms', name: 'mountains.txt', type: 'text/plain', field: 'pictures', size: 9 },
          ],
        },
        fields: { title: ['Summer'] },
      },
    })
    const download = await fetch(`${containers}/forms/download/mountains.txt`)
    expect(await download.text()).toBe('mountains')
  })

  test('a raw upload is listed, told of, downloaded in part and whole, and deleted', async () => {
    await create('raw')
    const file = `${containers}/raw/files/notes.txt`
    const bytes = Buffer.from('all that is to be kept')
    expect((await fetch(file, { method: 'PUT', body: bytes })).status).toBe(201)
    expect((await fetch(file, { method: 'PUT', body: bytes })).status).toBe(200)
    expect(await (await fetch(`${containers}/raw/files`)).json()).toMatchObject([
      { container: 'raw', name: 'notes.txt', size: bytes.length },
    ])
    expect(await (await fetch(file)).json()).toMatchObject({ name: 'notes.txt', contentType: 'text/plain' })
    const address = `${containers}/raw/download/notes.txt`
    const part = await fetch(address, { headers: { Range: 'bytes=4-7' } })
    expect([part.status, await part.text()]).toEqual([206, 'that'])
    const whole = await fetch(address)
    expect(whole.headers.get('Content-Length')).toBe(String(bytes.length))
    expect(await whole.text()).toBe(String(bytes))
    expect((await fetch(file, { method: 'DELETE' })).status).toBe(200)
    expect((await fetch(address)).status).toBe(404)
  })

  test('a file is a plain file below the root, for other programs to see', async () => {
    await create('plain')
    await fetch(`${containers}/plain/files/folder/file.txt`, { method: 'PUT', body: 'plain' })
    expect(await readFile(join(place.directory, 'storage', 'plain', 'folder', 'file.txt'), 'utf8')).toBe('plain')
  })

  test('names with emoji, slashes, quotes and signs of URLs come back as they are', async () => {
    await create('names')
    const names = [
      'emoji 👩‍👩‍👧.txt',
      'a/b/c.txt',
      '"quoted" \'twice\'.md',
      '#hash?query=1',
      '100%.txt',
      '%41',
      '<img onerror>',
    ]
    for (const name of names) {
      const put = await fetch(`${containers}/names/files/${encodeURIComponent(name)}`, { method: 'PUT', body: name })
      expect(put.status, name).toBe(201)
    }
    const listed = (await (await fetch(`${containers}/names/files`)).json()) as { name: string }[]
    expect(listed.map((each) => each.name).toSorted()).toEqual(names.toSorted())
    for (const name of names) {
      const download = await fetch(`${containers}/names/download/${encodeURIComponent(name)}`)
      expect(await download.text()).toBe(name)
    }
  })

  test('the list of files comes in pages, each linked to the next', async () => {
    await create('pages')
    for (const name of ['a', 'b', 'c']) await fetch(`${containers}/pages/files/${name}`, { method: 'PUT', body: name })
    const first = await fetch(`${containers}/pages/files?limit=2`)
    const link = /<(.*)>; rel="next"/.exec(first.headers.get('Link') ?? '')?.[1] ?? ''
    const second = await fetch(new URL(link, first.url))
    expect(await first.json()).toMatchObject([{ name: 'a' }, { name: 'b' }])
    expect(await second.json()).toMatchObject([{ name: 'c' }])
    expect(second.headers.get('Link')).toBeNull()
  })

  test('a stored page is handed over as a file, under a policy that lets nothing run', async () => {
    await create('pages-of-others')
    await fetch(`${containers}/pages-of-others/files/page.html`, {
      method: 'PUT',
      body: Buffer.from('<script>alert(1)</script>'),
    })
    const { headers } = await fetch(`${containers}/pages-of-others/download/page.html`)
    expect(headers.get('Content-Disposition')).toMatch(/^attachment;/)
    expect(headers.get('Content-Security-Policy')).toBe("sandbox; default-src 'none'")
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
  })

  test.each([{ 'Sec-Fetch-Site': 'cross-site' }, { Origin: 'http://elsewhere.example' }])(
    'what another site makes a browser send changes nothing: %o',
    async (headers) => {
      await create('mine')
      const body = new FormData()
      body.append('file', new Blob(['theirs']), 'theirs.txt')
      const refused = await fetch(`${containers}/mine/upload`, { method: 'POST', headers, body })
      expect(refused.status).toBe(403)
      expect(await refused.json()).toMatchObject({ error: { code: 'PERMISSION_DENIED' } })
      expect(await (await fetch(`${containers}/mine/files`)).json()).toEqual([])
    },
  )

  test("the page's own requests pass", async () => {
    await create('own')
    const headers = { Origin: demo.url, 'Sec-Fetch-Site': 'same-origin' }
    const stored = await fetch(`${containers}/own/files/own.txt`, { method: 'PUT', headers, body: 'own' })
    expect(stored.status).toBe(201)
  })

  test.each([
    '/nothing',
    '/api/nothing',
    '/%',
    '/..%2f..%2fpackage.json',
    '/main.ts',
    '/api/datasources/nobody/containers',
  ])('the response to the address %s is an error without details of the server', async (path) => {
    const response = await fetch(demo.url + path)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.status).toBeLessThan(500)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ error: { statusCode: response.status, name: 'Error' } })
    expect(text).not.toContain(dirname(import.meta.dirname))
    expect(text).not.toMatch(/\.js|node_modules/)
  })
})
