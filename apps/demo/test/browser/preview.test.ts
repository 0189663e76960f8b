import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { describeInBrowser, fill, rowOf, select, urlOf, visit } from './visitor.js'
import { makeVideo } from './webm.js'

const svg = (content = '', attributes = '') =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30" ${attributes}><rect width="40" height="30" fill="teal"/>${content}</svg>`

/** What a script would do if it ran. */
const deed = 'top.hacked=1;fetch("/hacked");document.title="hacked";alert(1)'

const openPreview = async (page: Page, name: string) => {
  await page.getByRole('button', { name, exact: true }).click()
  return page.getByRole('dialog', { name })
}

const widthOf = (page: Page) =>
  page
    .getByRole('dialog')
    .locator('img.content')
    .evaluate(async (image: HTMLImageElement) => {
      await image.decode()
      return image.naturalWidth
    })

describeInBrowser('Previews', (house) => {
  test('of an image, a text and what has none, with the way from one to the next', async () => {
    await fill(house(), 'kinds', { 'a.svg': svg(), 'b.txt': 'Grüße aus dem Text', 'c.bin': '\0\u0001' })
    const page = await visit(house(), '#/storage/kinds/')
    await openPreview(page, 'a.svg')
    expect(await widthOf(page)).toBe(40)
    await page.keyboard.press('ArrowRight')
    await page.getByRole('dialog').getByText('Grüße aus dem Text').waitFor()
    await page.getByRole('button', { name: 'Next file' }).click()
    await page.getByRole('dialog').getByText('There is no preview for files of this kind.').waitFor()
    expect(await page.getByRole('button', { name: 'Next file' }).isDisabled()).toBe(true)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('dialog').getByText('Download').click(),
    ])
    expect(download.suggestedFilename()).toBe('c.bin')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  test('of audio, with a player', async () => {
    const wav = Buffer.alloc(44 + 8000)
    wav.write('RIFF', 0)
    wav.writeUInt32LE(36 + 8000, 4)
    wav.write('WAVEfmt ', 8)
    wav.writeUInt32LE(16, 16)
    wav.set([1, 0, 1, 0], 20)
    wav.writeUInt32LE(8000, 24)
    wav.writeUInt32LE(8000, 28)
    wav.set([1, 0, 8, 0], 32)
    wav.write('data', 36)
    wav.writeUInt32LE(8000, 40)
    await fill(house(), 'sounds', { 'second.wav': wav })
    const page = await visit(house(), '#/storage/sounds/')
    await openPreview(page, 'second.wav')
    const duration = () => page.locator('.preview audio').evaluate((audio: HTMLAudioElement) => audio.duration)
    await expect.poll(duration).toBe(1)
  })

  test('of a video: the player seeks by a range, and shows the frame there', async () => {
    const page = await visit(house(), '#/storage')
    const video = await makeVideo(page, 12)
    expect(video.length).toBeGreaterThan(4_000_000)
    await fill(house(), 'videos', { 'noise.webm': video })
    const ranges: string[] = []
    page.on('request', (request) => {
      const { range } = request.headers()
      if (range !== undefined && request.url().includes('noise.webm')) ranges.push(range)
    })
    const statuses: number[] = []
    page.on('response', (response) => {
      if (response.url().includes('noise.webm') && response.url().includes('/download/'))
        statuses.push(response.status())
    })
    await page.goto(`${house().demo.url}/#/storage/videos/`)
    await openPreview(page, 'noise.webm')
    const player = page.locator('.preview video')
    const duration = () => player.evaluate((element: HTMLVideoElement) => element.duration)
    await expect.poll(duration).toBe(12)
    await player.evaluate(
      (element: HTMLVideoElement) =>
        new Promise((resolve) => {
          element.addEventListener('seeked', resolve, { once: true })
          element.currentTime = 10
        }),
    )
    expect(
      await player.evaluate((element: HTMLVideoElement) => [element.currentTime, element.readyState >= 2]),
    ).toEqual([10, true])
    const starts = ranges.map((range) => Number(/^bytes=(\d+)-/.exec(range)?.[1]))
    expect(Math.max(...starts), `the ranges asked for: ${ranges.join(' ')}`).toBeGreaterThan(video.length / 2)
    expect(new Set(statuses)).toEqual(new Set([206]))
  })

  test('show attributes and checksums beside the list', async () => {
    await fill(
      house(),
      'details',
      { 'note.txt': 'Hello' },
      { 'Content-MD5': 'ixqZU8RhEpaoJ6v4xHgE1w==', 'Content-Language': 'en' },
    )
    const page = await visit(house(), '#/storage/details/')
    await select(page, 'note.txt')
    const details = page.getByRole('complementary', { name: 'Details' })
    await details.getByText('8b1a9953c4611296a827abf8c47804d7').waitFor()
    await details.getByText('text/plain').waitFor()
    await details.getByText('details/note.txt').waitFor()
    await details.getByText('Language').waitFor()
  })

  test('of hostile HTML and SVG show what they are, and nothing in them runs', async () => {
    const html = `<img src=x onerror='${deed}'><script>${deed}</script><h1>HTML</h1>`
    const hostile = svg(
      `<script>${deed}</script><foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><script>${deed}</script></body></foreignObject>`,
      `onload='${deed}'`,
    )
    await fill(house(), 'hostile', {
      'page.html': html,
      'image.svg': hostile,
      'x.xhtml': `<html xmlns="http://www.w3.org/1999/xhtml"><script>${deed}</script></html>`,
    })
    // HTML under the name and the type of an image.
    await fill(house(), 'hostile', { 'disguised.png': html }, { 'Content-Type': 'image/png' })
    const page = await visit(house(), '#/storage/hostile/')
    const dialogs: string[] = []
    const asked: string[] = []
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message())
      return dialog.dismiss()
    })
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await openPreview(page, 'page.html')
    await page.getByRole('dialog').getByText(html).waitFor()
    await page.keyboard.press('Escape')
    await openPreview(page, 'image.svg')
    expect(await widthOf(page)).toBe(40)
    await page.keyboard.press('Escape')
    await openPreview(page, 'x.xhtml')
    await page.getByRole('dialog').getByText('http://www.w3.org/1999/xhtml').waitFor()
    await page.keyboard.press('Escape')
    await openPreview(page, 'disguised.png')
    await page.getByRole('dialog').getByText('The browser cannot show this file.').waitFor()
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false)
    expect(await page.title()).toBe('hostile · Stowage')
    expect(dialogs).toEqual([])
    expect(asked).not.toContain('/hacked')
  })

  test('are not needed for harm either: the files themselves, opened by their address, are downloads', async () => {
    await fill(house(), 'opened', { 'page.html': `<script>${deed}</script>`, 'image.svg': svg('', `onload='${deed}'`) })
    const page = await visit(house(), '#/storage')
    for (const name of ['page.html', 'image.svg']) {
      const url = urlOf(house().api, 'opened', 'download', name)
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.evaluate((to) => location.assign(to), url),
      ])
      expect(download.suggestedFilename()).toBe(name)
    }
  })

  test('names that are markup are shown as they are', async () => {
    const name = `<img src=x onerror='${deed.replaceAll('/', '')}'>.txt`
    await fill(house(), 'names', { [name]: 'x' })
    const page = await visit(house(), '#/storage/names/')
    await rowOf(page, name).waitFor()
    await select(page, name)
    await page.getByRole('complementary', { name: 'Details' }).getByText('text/plain').waitFor()
    expect(await page.locator('img[src=x]').count()).toBe(0)
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false)
  })
})
