/** Uploads that go from the page to a real service, and not through the server. */
import { basename } from 'node:path'
import { StorageService } from '@stowage/core'
import { AzureProvider } from '@stowage/provider-azure'
import { S3Provider } from '@stowage/provider-s3'
import { describeServer, ownAccount } from '@stowage/test-servers'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { startDemo, workplace } from '../demo-process.js'
import { Relay } from './relay.js'
import { checksumOf, choose, distinctFile, sent, slowDown, storedChecksum, text, uploaded } from './upload-steps.js'
import { describeInBrowser, fill, type House, press, shownNames, visit } from './visitor.js'

const megabyte = 1_000_000
/** More than the requests of a direct upload, and less than a part of a file. */
const fewBytes = 200_000

const direct = (page: Page) => page.getByRole('button', { name: 'directly to the storage' })
const isPressed = (page: Page) => expect.poll(() => direct(page).getAttribute('aria-pressed')).toBe('true')
const way = (page: Page, words: RegExp) => page.locator('.dock-title').getByText(words).waitFor()

/** A page over the service, with a container, behind a relay that counts. */
async function open(house: House, service: object) {
  const place = await workplace({ storage: service })
  const demo = await startDemo(place.directory, place.environment)
  const relay = await Relay.to(demo.url)
  const counted = { ...house, demo: { ...demo, url: relay.url }, api: `${relay.url}/api/containers` }
  const container = `browser-${crypto.randomUUID()}`
  await fill(counted, container)
  onTestFinished(async () => {
    await fetch(`${counted.api}/${container}`, { method: 'DELETE' })
    await relay[Symbol.asyncDispose]()
    await demo[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })
  const page = await visit(counted, `#/storage/${container}/`, { expected: /asked for http:\/\/127\.0\.0\.1/ })
  return { page, relay, container, api: counted.api }
}

describeInBrowser('A directory that signs URLs of the router', (house) => {
  test('does not offer direct uploads, since their bytes pass through the server', async () => {
    const signedUrls = { baseUrl: 'http://router.example/files', secrets: ['s'.repeat(32)] }
    const { page, api } = await open(house(), {
      provider: 'filesystem',
      root: 'signed',
      createRoot: true,
      signedUrls,
    })
    await choose(page, [text('small.txt', 'small')])
    await uploaded(page, '1 file uploaded')
    expect(await direct(page).count()).toBe(0)
    const document = await fetch(new URL('/', api))
    expect(document.headers.get('Content-Security-Policy')).toContain('default-src')
    expect(document.headers.get('Content-Security-Policy')).not.toContain('router.example')
  })
})

type Opened = Awaited<ReturnType<typeof open>>

async function uploadsDirectly({ page, relay, container, api }: Opened): Promise<void> {
  const path = await distinctFile(24 * megabyte)
  const before = relay.received
  await choose(page, [path])
  await uploaded(page, '1 file uploaded')
  await way(page, /^Sent directly to 127\.0\.0\.1:\d+$/)
  await choose(page, [text('empty.txt', ''), text('small.txt', 'x'.repeat(megabyte))])
  await uploaded(page, '3 files uploaded')
  expect(relay.received - before).toBeLessThan(fewBytes)
  expect(await storedChecksum(api, container, basename(path))).toBe(await checksumOf(path))
  await expect.poll(() => shownNames(page)).toEqual(['empty.txt', 'film.bin', 'small.txt'])
  await press(page, 'Close the list of uploads')
  await press(page, 'through this server')
  await choose(page, [text('through.txt', 'x'.repeat(megabyte))])
  await uploaded(page, '1 file uploaded')
  await way(page, /^Sent through this server$/)
  expect(relay.received - before).toBeGreaterThan(megabyte)
}

describeServer('ceph', ({ endpoint, region, keyId, key }) => {
  describeInBrowser('Direct uploads to S3', (house) => {
    const settings = { region, keyId, key, ...(endpoint === undefined ? {} : { endpoint }) }
    const service = { provider: 'amazon', ...settings }

    test('no byte of a file passes through the server', async () => {
      const opened = await open(house(), service)
      const { page } = opened
      await direct(page).click()
      await page.getByText('The storage does not accept files from this page').waitFor()
      expect(await direct(page).getAttribute('aria-pressed')).toBe('false')
      await press(page, 'Allow this page')
      await isPressed(page)
      await uploadsDirectly(opened)
    })

    test('are paused and continued, and cancelled without a trace', async () => {
      const { page, relay, container, api } = await open(house(), service)
      await direct(page).click()
      await press(page, 'Allow this page')
      await isPressed(page)
      const path = await distinctFile(24 * megabyte)
      const before = relay.received
      await slowDown(page, 8 * megabyte)
      await choose(page, [path])
      await sent(page, 0.5)
      const inStatusBar = (name: string) => page.locator('.uppy-StatusBar').getByRole('button', { name })
      await inStatusBar('Pause').click()
      await uploaded(page, '1 upload paused')
      await inStatusBar('Resume').click()
      await uploaded(page, '1 file uploaded')
      expect(await storedChecksum(api, container, basename(path))).toBe(await checksumOf(path))
      await press(page, 'Close the list of uploads')
      await choose(page, [await distinctFile(24 * megabyte, 'cancelled.bin')])
      await sent(page, 0.4)
      await press(page, 'Cancel all uploads')
      await press(page, 'Cancel all uploads')
      expect(relay.received - before).toBeLessThan(fewBytes)
      const storage = new StorageService(new S3Provider(settings))
      onTestFinished(() => storage.close())
      await expect.poll(async () => (await Array.fromAsync(storage.uploads(container))).length).toBe(0)
      expect((await storage.getFiles(container)).map(({ name }) => name)).toEqual(['film.bin'])
    })
  })
})

describeServer('swift', ({ userDomainName: domainName, local: _, server: __, ...settings }) => {
  describeInBrowser('Direct uploads to Swift', (house) => {
    test('no byte of a file passes through the server', async () => {
      const opened = await open(house(), { provider: 'openstack', ...settings, domainName })
      await direct(opened.page).click()
      await press(opened.page, 'Allow this page')
      await isPressed(opened.page)
      await uploadsDirectly(opened)
    })
  })
})

describeServer('azurite', (shared) => {
  const { storageAccount, storageAccessKey, endpoint } = ownAccount(shared, 'stowagedemo')
  describeInBrowser('Direct uploads to Azure', (house) => {
    test('no byte of a file passes through the server', async () => {
      const account = { storageAccount, storageAccessKey, endpoint }
      const { native } = new AzureProvider(account)
      const allow = (cors: Parameters<typeof native.setProperties>[0]['cors']) => native.setProperties({ cors })
      await allow([])
      const opened = await open(house(), { provider: 'azure', ...account })
      await direct(opened.page).click()
      await opened.page.getByText('The page cannot set its CORS rules').waitFor()
      const rule = { allowedMethods: 'PUT', allowedHeaders: '*', exposedHeaders: 'ETag', maxAgeInSeconds: 1 }
      await allow([{ ...rule, allowedOrigins: '*' }])
      await direct(opened.page).click()
      await isPressed(opened.page)
      await uploadsDirectly(opened)
    })
  })
})
