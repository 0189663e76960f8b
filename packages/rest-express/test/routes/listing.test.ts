import { describe, expect, it } from 'vitest'
import { BrokenLists } from '../tools/faulty-provider.js'
import { errorOf, eventually, isFetch, openSocket, rawRequest, startServer } from '../tools/rest-server.js'
import { makeProvider, storageKinds } from '../tools/storages.js'

/** Returns the names of the entries in a response, and the path of the next page. */
async function page(response: Response): Promise<{ names: string[]; next: string | undefined }> {
  expect(response.status).toBe(200)
  const entries = (await response.json()) as { name: string }[]
  const link = /^<(.*)>; rel="next"$/.exec(response.headers.get('link') ?? '')
  return { names: entries.map(({ name }) => name), next: link?.[1] }
}

describe.each(storageKinds)('A list of files in %s', (kind) => {
  async function serverWith(names: readonly string[]) {
    const server = await startServer({ provider: makeProvider(kind) })
    for (const name of names) await server.storage.putFile('photos', name, name)
    return server
  }

  it('comes in pages, which the Link header connects', async () => {
    const { fetch, url } = await serverWith(['a', 'b', 'c', 'd', 'e'])
    const pages: string[][] = []
    let next: string | undefined = '?limit=2&access_token=x'
    while (next !== undefined) {
      const target: string = new URL(next, `${url}/photos/files`).href
      const found = await page(await globalThis.fetch(target))
      pages.push(found.names)
      next = found.next
      if (next !== undefined) expect(next).toContain('access_token=x')
    }
    expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']])
    expect((await page(await fetch('/photos/files?limit=5'))).next).toBeUndefined()
  })

  it('takes prefix, delimiter and startAfter', async () => {
    const { fetch } = await serverWith(['2023/a', '2024/b', '2024/c/d', '2024/c/e', 'z z&'])
    expect((await page(await fetch('/photos/files?prefix=2024/'))).names).toEqual(['2024/b', '2024/c/d', '2024/c/e'])
    expect((await page(await fetch('/photos/files?delimiter=/'))).names).toEqual(['2023/', '2024/', 'z z&'])
    expect(await (await fetch('/photos/files?prefix=2024/&delimiter=/')).json()).toEqual([
      expect.objectContaining({ container: 'photos', name: '2024/b', size: 6 }),
      { container: 'photos', name: '2024/c/', folder: true },
    ])
    expect((await page(await fetch('/photos/files?startAfter=2024/c/d'))).names).toEqual(['2024/c/e', 'z z&'])
    expect((await page(await fetch('/photos/files?prefix=z+z%26'))).names).toEqual(['z z&'])
    expect((await page(await fetch('/photos/files?delimiter='))).names).toHaveLength(5)
    const first = await page(await fetch('/photos/files?delimiter=/&limit=1'))
    expect(first.names).toEqual(['2023/'])
    expect((await page(await fetch(`/photos/files${first.next}`))).names).toEqual(['2024/'])
  })

  it('comes whole, and is an array also when it is empty', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `file-${String(index).padStart(5, '0')}-${'ü'.repeat(40)}`)
    const { fetch, storage } = await serverWith([])
    expect(await (await fetch('/photos/files')).text()).toBe('[]')
    await Promise.all(names.map((name) => storage.putFile('photos', name, '')))
    const response = await fetch('/photos/files')
    expect(response.headers.get('transfer-encoding')).toBe('chunked')
    expect((await page(response)).names).toEqual(names)
  })

  it.each([
    'limit=0',
    'limit=-1',
    'limit=x',
    'limit=1.5',
    'limit=',
    'cursor=nonsense',
    'cursor=',
    'limit=9999999999999999999',
  ])('is refused with ?%s', async (query) => {
    const { fetch } = await serverWith(['a'])
    const response = await fetch(`/photos/files?${query}`)
    expect([response.status, (await errorOf(response)).code]).toEqual([400, 'INVALID_ARGUMENT'])
  })

  it('refuses the cursor of another list', async () => {
    const { fetch, storage } = await serverWith(['a1', 'a2', 'a3'])
    await storage.createContainer({ name: 'other' })
    const { next } = await page(await fetch('/photos/files?limit=1&prefix=a'))
    const cursor = new URLSearchParams(next).get('cursor') ?? ''
    for (const path of ['/other/files?prefix=a&', '/photos/files?', '/photos/files?prefix=b&']) {
      expect((await fetch(`${path}cursor=${encodeURIComponent(cursor)}`)).status).toBe(400)
    }
  })

  it('of containers comes in pages as well', async () => {
    const { fetch } = await startServer({ provider: makeProvider(kind), containers: ['c1', 'c2', 'c3'] })
    const first = await page(await fetch('/?limit=2'))
    expect(first.names).toEqual(['c1', 'c2'])
    expect(await page(await fetch(`/${first.next}`))).toEqual({ names: ['c3'], next: undefined })
  })
})

describe('A list', () => {
  it('that fails before its first piece is sent is an error', async () => {
    const { fetch } = await startServer({ provider: new BrokenLists(0) })
    const response = await fetch('/photos/files')
    expect([response.status, await errorOf(response)]).toEqual([
      502,
      { statusCode: 502, name: 'Error', code: 'BAD_RESPONSE', message: 'the storage failed' },
    ])
  })

  it('that fails in the middle is cut off, so that it does not pass for the whole', async () => {
    const { storage, port, mount, failures } = await startServer({ provider: new BrokenLists(2) })
    for (let index = 0; index < 2500; index++) await storage.putFile('photos', `${index}`, '')
    const response = await rawRequest(port, `GET ${mount}/photos/files HTTP/1.1`)
    expect(response.statusCode).toBe(200)
    // The list is never closed. Hono ends such a response with the text of the error.
    expect(response.body).not.toContain(']')
    if (!isFetch) expect(response.body.endsWith('0\r\n\r\n')).toBe(false)
    expect(failures).toEqual([expect.objectContaining({ statusCode: 502, action: 'getFiles' })])
  })

  it('stops asking the storage when the client goes away or does not read', async () => {
    const provider = new BrokenLists(1_000_000)
    const { storage, port, mount, failures } = await startServer({ provider })
    for (let index = 0; index < 40_000; index++) await storage.putFile('photos', `${'x'.repeat(900)}-${index}`, '')
    let pages = 0
    const list = provider.listFiles.bind(provider)
    provider.listFiles = (...args) => {
      pages++
      return list(...args)
    }
    const socket = await openSocket(port)
    socket.pause()
    socket.write(`GET ${mount}/photos/files HTTP/1.1\r\nHost: x\r\n\r\n`)
    // Forty megabytes do not fit into the buffers of a connection from which the client does not
    // read.
    let before = -1
    while (pages !== before || pages === 0) {
      before = pages
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(pages).toBeLessThan(30)
    socket.destroy()
    await eventually(() => failures.length === 1)
    expect(failures[0]?.statusCode).toBe(499)
    expect(pages).toBeLessThan(30)
  })

  it('never repeats or loses what was there all the time while files come and go', async () => {
    const { fetch, storage } = await startServer({ containers: ['photos'] })
    for (let index = 0; index < 50; index++)
      await storage.putFile('photos', `keep-${String(index).padStart(2, '0')}`, '')
    const found: string[] = []
    let next: string | undefined = '?limit=7'
    for (let turn = 0; next !== undefined; turn++) {
      const got: { names: string[]; next: string | undefined } = await page(await fetch(`/photos/files${next}`))
      found.push(...got.names)
      next = got.next
      await storage.putFile('photos', `add-${turn}`, '')
      await storage.putFile('photos', `keep-30-${turn}`, '')
    }
    const kept = found.filter((name) => /^keep-\d\d$/.test(name))
    expect(kept).toHaveLength(50)
    expect(new Set(found).size).toBe(found.length)
  })
})
