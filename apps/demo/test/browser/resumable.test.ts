import { utimes } from 'node:fs/promises'
import { basename } from 'node:path'
import { describeServer } from '@stowage/test-servers'
import type { Page, Request } from 'playwright-core'
import { expect, test } from 'vitest'
import { startDemo, storage, workplace } from '../demo-process.js'
import { Relay } from './relay.js'
import {
  checksumOf,
  choose,
  distinctFile,
  pendingIn,
  sent,
  setOffline,
  slowDown,
  storedChecksum,
  uploaded,
} from './upload-steps.js'
import { describeInBrowser, fill, type House, namesIn, press, said, visit } from './visitor.js'

const megabyte = 1_000_000

/** Records the tus requests of a page. */
function tusRequests(page: Page) {
  const requests: Request[] = []
  page.on('request', (request) => {
    if (/\/uploads(?:\/|$)/.test(new URL(request.url()).pathname)) requests.push(request)
  })
  const of = (method: string) => requests.filter((request) => request.method() === method)
  return {
    /** Uploads that were started. */
    started: () => of('POST').length,
    /** The positions at which requests with bytes began. */
    offsets: () => of('PATCH').map((request) => Number(request.headers()['upload-offset'])),
  }
}

/** Reloads the page, and confirms that pending uploads are left. */
async function reload(page: Page): Promise<void> {
  page.once('dialog', (dialog) => void dialog.accept())
  await page.reload()
}

const interrupted = (page: Page) => page.getByRole('region', { name: '1 interrupted upload' })

/** Chooses the file of an interrupted upload. */
async function chooseAgain(page: Page, path: string): Promise<void> {
  const button = page.getByRole('button', { name: `Choose file “${basename(path)}” to continue its upload` })
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), button.click()])
  await chooser.setFiles(path)
}

const inStatusBar = (page: Page, name: string) => page.locator('.uppy-StatusBar').getByRole('button', { name })

/** Kills the server during an upload, and starts it again. */
async function continuesAfterRestart(house: House, dataSources: unknown, container: string): Promise<void> {
  await using place = await workplace(dataSources)
  const first = await startDemo(place.directory, place.environment)
  const demo = { ...house, demo: first, api: `${first.url}/api/containers` }
  const path = await distinctFile(24 * megabyte)
  await fill(demo, container)
  const page = await visit(demo, `#/storage/${container}/`, { expected: /ERR_(?:CONNECTION|EMPTY|NETWORK)/ })
  const requests = tusRequests(page)
  await slowDown(page, 6 * megabyte)
  await choose(page, path)
  await sent(page, 0.5)
  await first[Symbol.asyncDispose]()
  await page.getByText('No connection: the upload continues automatically').first().waitFor()
  await using _second = await startDemo(place.directory, { ...place.environment, PORT: new URL(first.url).port })
  await uploaded(page, '1 file uploaded')
  expect(requests.started()).toBe(1)
  expect(requests.offsets().at(-1)).toBeGreaterThan(0)
  expect(await storedChecksum(demo.api, container, basename(path))).toBe(await checksumOf(path))
  await fetch(`${demo.api}/${container}`, { method: 'DELETE' })
}

describeServer('ceph', ({ endpoint, region, keyId, key }) => {
  describeInBrowser('Resumable uploads to S3', (house) => {
    test('continue after the server was killed and started again', async () => {
      const cloud = { provider: 'amazon', endpoint, region, keyId, key }
      await continuesAfterRestart(house(), { storage: cloud }, `browser-${crypto.randomUUID()}`)
    })
  })
})

describeInBrowser('Resumable uploads', (house) => {
  /** Opens a container, and sends a part of a file there. */
  async function sendPart(container: string, path: string, options: Parameters<typeof visit>[2] = {}) {
    await fill(house(), container)
    const page = await visit(house(), `#/storage/${container}/`, options)
    const requests = tusRequests(page)
    await slowDown(page, 6 * megabyte)
    await choose(page, path)
    await sent(page, 0.2)
    return { page, requests }
  }

  test('can be paused, and continue where they stopped', async () => {
    const path = await distinctFile(24 * megabyte)
    const { page, requests } = await sendPart('paused', path)
    await inStatusBar(page, 'Pause').click()
    await uploaded(page, '1 upload paused')
    await slowDown(page, -1)
    await inStatusBar(page, 'Resume').click()
    await uploaded(page, '1 file uploaded')
    expect(requests.started()).toBe(1)
    expect(requests.offsets()).toEqual([0, expect.any(Number)])
    expect(requests.offsets()[1]).toBeGreaterThan(0)
    expect(await storedChecksum(house().api, 'paused', basename(path))).toBe(await checksumOf(path))
    await expect.poll(() => pendingIn(house().root)).toEqual([])
  })

  test('continue after the page was reloaded, when the file is chosen again', async () => {
    const path = await distinctFile(24 * megabyte)
    const { page, requests } = await sendPart('reloaded', path)
    await reload(page)
    await interrupted(page)
      .getByText(/MB of 24 MB stored/)
      .waitFor()
    await chooseAgain(page, path)
    await uploaded(page, '1 file uploaded')
    expect(requests.started()).toBe(1)
    expect(requests.offsets()[1]).toBeGreaterThan(0)
    expect(await storedChecksum(house().api, 'reloaded', basename(path))).toBe(await checksumOf(path))
    await interrupted(page).waitFor({ state: 'detached' })
    await reload(page)
    await page.locator('.dock').waitFor({ state: 'attached' })
    expect(await interrupted(page).count()).toBe(0)
  })

  test('continue after a reload when the file is uploaded to the same folder, without a question', async () => {
    const path = await distinctFile(24 * megabyte)
    await fill(house(), 'replaced', { [basename(path)]: 'old' })
    const page = await visit(house(), '#/storage/replaced/')
    const requests = tusRequests(page)
    await slowDown(page, 6 * megabyte)
    await choose(page, path)
    await press(page, 'Replace')
    await sent(page, 0.2)
    await reload(page)
    await interrupted(page).waitFor()
    await choose(page, path)
    await uploaded(page, '1 file uploaded')
    expect(requests.started()).toBe(1)
    expect(requests.offsets()[1]).toBeGreaterThan(0)
    expect(await storedChecksum(house().api, 'replaced', basename(path))).toBe(await checksumOf(path))
  })

  test('do not continue with a file that has changed, and can be deleted', async () => {
    const path = await distinctFile(24 * megabyte)
    const { page } = await sendPart('changed', path)
    await reload(page)
    await interrupted(page).waitFor()
    await utimes(path, new Date(), new Date(2020, 1, 1))
    await chooseAgain(page, path)
    await said(page, '“film.bin” is another file, or has changed: expected 24 MB')
    await page.getByRole('button', { name: 'Delete the interrupted upload of “film.bin”' }).click()
    await interrupted(page).waitFor({ state: 'detached' })
    await expect.poll(() => pendingIn(house().root)).toEqual([])
  })

  test('of another tab are not shown as interrupted', async () => {
    const path = await distinctFile(24 * megabyte)
    const { page } = await sendPart('tabs', path)
    const other = await page.context().newPage()
    await other.goto(page.url())
    await other.locator('.dock').waitFor({ state: 'attached' })
    expect(await interrupted(other).count()).toBe(0)
    await slowDown(page, -1)
    await uploaded(page, '1 file uploaded')
  })

  test('continue after the connection was lost', async () => {
    await using relay = await Relay.to(house().demo.url)
    const path = await distinctFile(24 * megabyte)
    await fill(house(), 'offline')
    const behindRelay = { ...house(), demo: { ...house().demo, url: relay.url } }
    const page = await visit(behindRelay, '#/storage/offline/', { expected: /ERR_/ })
    const requests = tusRequests(page)
    await slowDown(page, 6 * megabyte)
    await choose(page, path)
    await sent(page, 0.2)
    await setOffline(page, true)
    relay.cut()
    await page.getByText('No connection: the upload continues automatically').first().waitFor()
    relay.repair()
    await setOffline(page, false)
    await uploaded(page, '1 file uploaded')
    expect(requests.started()).toBe(1)
    expect(requests.offsets().at(-1)).toBeGreaterThan(0)
    expect(await storedChecksum(house().api, 'offline', basename(path))).toBe(await checksumOf(path))
  })

  test('continue after the server was killed and started again', async () => {
    await continuesAfterRestart(house(), { storage }, 'restarted')
  })

  test('that are cancelled leave nothing in the storage', async () => {
    const path = await distinctFile(24 * megabyte)
    const { page } = await sendPart('cancelled', path)
    expect(await pendingIn(house().root)).not.toEqual([])
    await press(page, 'Cancel all uploads')
    await page.getByText('Cancel all?').click()
    await page.locator('.dock').waitFor({ state: 'hidden' })
    await expect.poll(() => pendingIn(house().root)).toEqual([])
    expect(await namesIn(house(), 'cancelled')).toEqual([])
  })

  test('that fail for good say why, and leave nothing when they are cancelled', async () => {
    const path = await distinctFile(24 * megabyte)
    const { page } = await sendPart('taken', path, { expected: /status of 412/ })
    // Another client stores a file of this name while the upload is pending.
    await fill(house(), 'taken', { [basename(path)]: 'other' })
    await slowDown(page, -1)
    await uploaded(page, '1 upload failed')
    await page.getByText('A file with this name already exists.').first().waitFor()
    await press(page, 'Close the list of uploads')
    await expect.poll(() => pendingIn(house().root)).toEqual([])
  })

  test('that the server refuses say why, and the page says before what is allowed', async () => {
    const api = `${house().demo.url}/api/datasources/texts/containers`
    await fill({ api }, 'texts')
    const page = await visit(house(), '#/texts/texts/', { expected: /status of 4\d\d/ })
    await page.locator('.files-list').getByText('Types: text/plain').waitFor()
    await choose(page, [await distinctFile(6 * megabyte, 'large.bin'), await distinctFile(1000, 'small.bin')])
    await uploaded(page, '2 uploads failed')
    const failures = page.locator('.dock-failures li')
    await expect.poll(() => failures.allInnerTexts()).toHaveLength(2)
    for (const name of ['large.bin', 'small.bin']) {
      expect(await failures.filter({ hasText: name }).textContent()).toMatch(/Files of type .+ are not allowed/)
    }
    expect(await namesIn({ api }, 'texts')).toEqual([])
  })
})
