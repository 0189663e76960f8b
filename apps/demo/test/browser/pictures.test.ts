/**
 * The pictures of the documentation, in light, dark and of a phone: taken in every run, so that
 * there is always something to look at in `reports/pictures`; with `STOWAGE_PICTURES=1`, kept in
 * `docs/images`.
 */
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { describeInBrowser, fill, type House, press, rowOf, select, visit } from './visitor.js'

const root = join(import.meta.dirname, '..', '..', '..', '..')
const directory =
  process.env['STOWAGE_PICTURES'] === '1' ? join(root, 'docs', 'images') : join(root, 'reports', 'pictures')

/** A landscape, drawn from a number. */
async function landscape(page: Page, number: number): Promise<Buffer> {
  const bytes = await page.evaluate(async (seed) => {
    const canvas = new OffscreenCanvas(900, 600)
    const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D
    let state = seed * 7919 + 13
    const random = () => {
      state = (state * 9301 + 49_297) % 233_280
      return state / 233_280
    }
    const hue = (seed * 67) % 360
    const sky = context.createLinearGradient(0, 0, 0, 420)
    sky.addColorStop(0, `hsl(${(hue + 200) % 360} 55% 38%)`)
    sky.addColorStop(1, `hsl(${(hue + 30) % 360} 85% 78%)`)
    context.fillStyle = sky
    context.fillRect(0, 0, 900, 600)
    context.fillStyle = 'rgb(255 245 220 / 90%)'
    context.beginPath()
    context.arc(200 + random() * 500, 150 + random() * 160, 30 + random() * 30, 0, 7)
    context.fill()
    for (let layer = 0; layer < 5; layer++) {
      context.fillStyle = `hsl(${(hue + 210) % 360} ${30 + layer * 4}% ${58 - layer * 11}%)`
      context.beginPath()
      context.moveTo(0, 600)
      let height = 300 + layer * 60
      for (let x = 0; x <= 900; x += 30) {
        height += (random() - 0.5) * 60
        context.lineTo(x, Math.max(250 + layer * 50, height))
      }
      context.lineTo(900, 600)
      context.fill()
    }
    const image = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 })
    return Array.from(new Uint8Array(await image.arrayBuffer()))
  }, number)
  return Buffer.from(bytes)
}

async function furnish(house: House, page: Page): Promise<void> {
  const names = ['Aletsch', 'Bergsee am Morgen', 'Dolomiten', 'Fjord', 'Highlands 🏔️', 'Lofoten', 'Sierra', 'Zugspitze']
  const pictures = await Promise.all(names.map((_, index) => landscape(page, index + 3)))
  const files = Object.fromEntries(names.map((name, index) => [`2024/${name}.jpg`, pictures[index] ?? '']))
  await fill(house, 'backups')
  await fill(house, 'documents')
  await fill(house, 'photos', {
    ...files,
    '2023/winter.txt': 'x',
    '2024/drafts/a.txt': 'x',
    '2024/Itinerary.md': '# Two weeks, eight peaks\n',
    '2024/track.json': '{"type":"FeatureCollection","features":[]}',
    '2024/all.zip': Buffer.alloc(48_213_004 / 100),
  })
}

async function picture(page: Page, name: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const path = join(directory, `${name}.png`)
  await page.evaluate(() => Promise.all(Array.from(document.images, (image) => image.decode().catch(() => undefined))))
  await page.mouse.move(0, 0)
  await page.screenshot({ path, animations: 'disabled' })
  expect((await stat(path)).size, `${name} shows something`).toBeGreaterThan(15_000)
}

describeInBrowser('Pictures', (house) => {
  test('of the list, the tiles, a preview and uploads, in light, in dark and of a phone', async () => {
    const page = await visit(house())
    await furnish(house(), page)
    await page.reload()
    await page.goto(`${house().demo.url}/#/storage/photos/2024/`)
    await rowOf(page, 'Dolomiten.jpg').waitFor()
    await select(page, 'Dolomiten.jpg')
    await page.locator('.details-content img').waitFor()
    await picture(page, 'demo-light')
    await page.emulateMedia({ colorScheme: 'dark' })
    await press(page, 'Tiles')
    await page.locator('.tile img').first().waitFor()
    await picture(page, 'demo-dark')
    await page.emulateMedia({ colorScheme: 'light' })
    await page.getByRole('button', { name: 'Fjord.jpg' }).click()
    await page.locator('.preview img').waitFor()
    await picture(page, 'demo-preview')
    await page.keyboard.press('Escape')
    await press(page, 'List')
    await press(page, 'Select nothing')
    const chosen = ['Glacier.jpg', 'Valley.jpg'].map(async (name, index) => ({
      name,
      mimeType: 'image/jpeg',
      buffer: await landscape(page, index + 11),
    }))
    await page.setInputFiles('[data-upload=files]', await Promise.all(chosen))
    await page.locator('.dock-title').getByText('2 files uploaded').waitFor()
    await page.locator('.dock img').nth(1).waitFor()
    await picture(page, 'demo-uploads')
    const phone = await visit(house(), '#/storage/photos/2024/', {
      viewport: { width: 390, height: 780 },
      hasTouch: true,
      isMobile: true,
    })
    await rowOf(phone, 'Dolomiten.jpg').waitFor()
    await picture(phone, 'demo-phone')
  })
})
