/** The real `@uppy/aws-s3` in Chromium: the bytes go to the service where it can receive them. */
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { pageOf, type Release } from './page.js'
import { startServer } from './server.js'
import { describePlaces } from './storages.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where Chromium is, or why there is none. */
    chromium: { readonly path: string } | { readonly unavailable: string }
  }
}

interface Options {
  readonly mode: 'companion' | 'signRequest'
  readonly multipart: boolean
  /** Whether the page puts the size into the metadata of the file. */
  readonly statesSize: boolean
}

/** More than two parts of 5 MiB. */
const size = 11 * 1024 * 1024

const found = inject('chromium')
const cases: readonly (Options & { readonly release: Release })[] = [
  { release: '6', mode: 'companion', multipart: true, statesSize: true },
  { release: '6', mode: 'companion', multipart: true, statesSize: false },
  { release: '6', mode: 'companion', multipart: false, statesSize: false },
  { release: '6', mode: 'signRequest', multipart: true, statesSize: false },
  { release: '6', mode: 'signRequest', multipart: false, statesSize: false },
  { release: '5', mode: 'companion', multipart: true, statesSize: true },
  { release: '5', mode: 'companion', multipart: false, statesSize: false },
  { release: '4', mode: 'companion', multipart: true, statesSize: true },
  { release: '4', mode: 'companion', multipart: false, statesSize: false },
]

describe.skipIf('unavailable' in found)('Uppy', () => {
  let browser: Browser
  beforeAll(async () => {
    const executablePath = 'path' in found ? found.path : ''
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(() => browser.close())

  describePlaces(({ name, open, allow }) => {
    it.each(cases)(
      '$release, $mode, multipart: $multipart, size stated: $statesSize',
      async ({ release, ...options }) => {
        const { storage, container } = await open()
        const server = await startServer(storage, container, { before: await pageOf(release) })
        await allow(storage, container, server.origin)
        const page = await browser.newPage()
        // The default of 30 s is too short on a busy machine.
        page.setDefaultTimeout(120_000)
        const problems: string[] = []
        page.on('console', (message) => {
          if (message.type() === 'error') problems.push(message.text())
        })
        await page.goto(server.origin)
        const url = `${server.url}/direct`
        const result = await page.evaluate(upload, { url, size, release, ...options })
        await page.close()
        expect([result, problems]).toEqual([
          { error: undefined, location: expect.stringContaining(`/files/${container}/`) },
          [],
        ])
        const [file] = await storage.getFiles(container)
        expect(file).toMatchObject({ size })
        const opened = await storage.openFile(container, file?.name ?? '')
        const content = await opened.bytes()
        expect(content.every((byte, index) => byte === index % 251)).toBe(true)
        expect(opened.info.contentType).toBe('application/x-film')
        // Azure returns no ETag for a block, and Ceph allows no URL for a part of unknown size.
        const direct = options.multipart && (name === 'swift' || (name === 'ceph' && options.statesSize))
        if (direct) expect(server.contentBytes()).toBe(0)
        else expect(server.contentBytes()).toBeGreaterThanOrEqual(size)
      },
    )
  }, 'stowageuppy')
})

/** What the tests use of every release. */
interface UppyInPage {
  use(plugin: unknown, options: object): void
  addFile(file: object): string
  setFileMeta(id: string, meta: object): void
  upload(): Promise<{
    readonly successful: readonly { readonly uploadURL: string }[]
    readonly failed: readonly { readonly error: string }[]
  }>
}

/** Runs in the page. */
async function upload({
  url,
  size,
  release,
  mode,
  multipart,
  statesSize,
}: Options & { url: string; size: number; release: string }) {
  const { Uppy, AwsS3 } = globalThis as unknown as { Uppy: new () => UppyInPage; AwsS3: unknown }
  const signRequest = async (request: object) => {
    const response = await fetch(`${url}/sign`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(request),
    })
    if (!response.ok) throw new Error(await response.text())
    return response.json()
  }
  const companion = release === '6' ? { companionEndpoint: url } : { endpoint: url }
  const uppy = new Uppy()
  uppy.use(AwsS3, {
    shouldUseMultipart: multipart,
    ...(mode === 'companion' ? companion : { signRequest }),
  })
  const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251)
  const id = uppy.addFile({
    name: 'film.bin',
    type: 'application/x-film',
    data: new Blob([bytes], { type: 'application/x-film' }),
  })
  if (statesSize) uppy.setFileMeta(id, { size })
  const { successful, failed } = await uppy.upload()
  return { error: failed[0]?.error, location: successful[0]?.uploadURL }
}
