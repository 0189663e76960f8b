/** CORS, checked by the storage, and by a page in Chromium that sends parts with plain `fetch`. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { startServer } from './server.js'
import { describePlaces } from './storages.js'

/** Returns the function of the documentation. */
async function exampleOf(name: string): Promise<string> {
  const document = join(import.meta.dirname, '..', '..', '..', 'docs', 'direct-uploads.md')
  const [, block] =
    new RegExp(`^\`\`\`js\n(async function ${name}.*?)^\`\`\`$`, 'ms').exec(await readFile(document, 'utf8')) ?? []
  if (block === undefined) throw new Error(`docs/direct-uploads.md has no function ${name}`)
  return block
}

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
}, 'stowageorigins')

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
      // The default of 30 s is too short on a busy machine.
      page.setDefaultTimeout(120_000)
      await page.goto(server.origin)
      const size = 20 * 1024 * 1024
      const bytes = `Uint8Array.from({ length: ${size} }, (_, index) => index % 251)`
      const call = `uploadDirectly('${server.url}/direct', new Blob([${bytes}]), 'film.bin')`
      const file = await page.evaluate(`(() => {\n${await exampleOf('uploadDirectly')}\nreturn ${call}\n})()`)
      await page.close()
      expect(file).toMatchObject({ name: 'film.bin', size })
      const content = await (await storage.openFile(container, 'film.bin')).bytes()
      expect(content.every((byte, index) => byte === index % 251)).toBe(true)
      expect(server.contentBytes()).toBe(name === 'filesystem' ? size : 0)
    })
  }, 'stowageorigins')
})
