/** CORS, checked by the storage, and by a page in Chromium that sends parts with plain `fetch`. */
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Created, startServer } from './server.js'
import { describePlaces } from './storages.js'

const found = inject('chromium')
const origin = 'https://example.com'

describePlaces(({ name, open, allow }) => {
  it.skipIf(name === 'filesystem')('checkOrigin names what is missing, and leaves nothing', async () => {
    const { storage, container } = await open()
    if (name !== 'azurite') {
      const headers = (await storage.checkOrigin(container, origin)).map(({ header }) => header)
      expect(headers).toContain('Access-Control-Allow-Origin')
    }
    await allow(storage, container, origin)
    expect(await storage.checkOrigin(container, origin)).toEqual([])
    const [problem] = await storage.checkOrigin(container, 'https://other.example')
    expect(problem?.header).toBe('Access-Control-Allow-Origin')
    expect(await Array.fromAsync(storage.uploads(container))).toEqual([])
    expect(await storage.getFiles(container)).toEqual([])
    if (name === 'azurite') return
    await storage.allowOrigins(container, [])
    expect((await storage.checkOrigin(container, origin)).length).toBeGreaterThan(0)
  })
})

describe.skipIf('unavailable' in found)('A page with plain fetch', () => {
  let browser: Browser
  beforeAll(async () => {
    const executablePath = 'path' in found ? found.path : ''
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(() => browser.close())

  describePlaces(({ name, open, allow }) => {
    it('sends a file, of which no byte passes through the server if the service can receive it', async () => {
      const { storage, container } = await open()
      const server = await startServer(storage, container, {
        before: (app) => app.get('/', (_req, res) => void res.type('html').send('<!doctype html>')),
      })
      await allow(storage, container, server.origin)
      const page = await browser.newPage()
      await page.goto(server.origin)
      const size = 20 * 1024 * 1024
      const file = await page.evaluate(upload, { url: `${server.url}/direct`, size })
      await page.close()
      expect(file).toMatchObject({ name: 'film.bin', size })
      const content = await (await storage.openFile(container, 'film.bin')).bytes()
      expect(content.every((byte, index) => byte === index % 251)).toBe(true)
      expect(server.contentBytes()).toBe(name === 'filesystem' ? size : 0)
    })
  })
})

/** Runs in the page. */
async function upload({ url, size }: { readonly url: string; readonly size: number }): Promise<unknown> {
  const file = new Blob([Uint8Array.from({ length: size }, (_, index) => index % 251)])
  const post = async (path: string, body: object) => {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(await response.text())
    return (await response.json()) as Created
  }
  const { ticket, partSize, parts } = await post('', { file: 'film.bin', size })
  for (const { partNumber, url: partUrl, method, headers } of parts) {
    const body = file.slice((partNumber - 1) * partSize, partNumber * partSize)
    const response = await fetch(partUrl, { method, headers, body })
    if (!response.ok) throw new Error(`part ${partNumber}: ${response.status}`)
  }
  return post(`/${ticket}/complete`, {})
}
