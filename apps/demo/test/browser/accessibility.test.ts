import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { largeFile, sent, slowDown } from './upload-steps.js'
import { contentOf, describeInBrowser, fill, namesIn, press, rowOf, said, select, visit } from './visitor.js'

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds wrong with the page as it is now. */
async function violations(page: Page): Promise<string[]> {
  // The page's policy keeps scripts out of the document, and not out of the browser's own console,
  // where this runs.
  await page.evaluate(source)
  const { violations: found } = await page.evaluate(
    () => (window as unknown as { axe: typeof axe }).axe.run() as Promise<AxeResults>,
  )
  return found.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`,
  )
}

describeInBrowser('For everybody', (house) => {
  const files = { 'a.txt': 'text', 'b.png': '', 'folder/c.txt': 'c' }

  test.each([
    ['light', 'light', { width: 1280, height: 800 }],
    ['dark', 'dark', { width: 1280, height: 800 }],
    ['on a phone', 'light', { width: 390, height: 780 }],
  ] as const)('axe finds nothing wrong, %s', async (name, colorScheme, viewport) => {
    const container = `axe-${name.replaceAll(' ', '-')}`
    await fill(house(), container, files)
    const page = await visit(house(), '#/storage', { colorScheme, viewport })
    const check = async (what: string) => expect(await violations(page), what).toEqual([])
    await page.getByText('The same from a terminal').waitFor()
    await check('the welcome')
    await page.goto(`${house().demo.url}/#/storage/${container}/`)
    await rowOf(page, 'a.txt').waitFor()
    await check('the list')
    await page.getByRole('checkbox', { name: 'Select a.txt' }).check()
    await check('with a file selected')
    for (const action of ['Rename', 'Copy', 'Delete']) {
      await press(page, action)
      await check(action)
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    }
    await page.getByRole('button', { name: 'Tiles' }).click()
    await check('tiles')
    await page.getByRole('button', { name: 'a.txt', exact: true }).click()
    await page.getByRole('dialog').getByText('text', { exact: true }).waitFor()
    await check('a preview')
    await page.keyboard.press('Escape')
    if (viewport.width < 700) {
      await press(page, 'Data sources and containers')
      await check('the drawer')
      await page.keyboard.press('Escape')
    }
    if (await page.getByRole('button', { name: 'Select nothing' }).isVisible()) await press(page, 'Select nothing')
    const file = { name: 'up.txt', mimeType: 'text/plain', buffer: Buffer.from('up') }
    await page.setInputFiles('[data-upload=files]', file)
    await page.locator('.dock-title').getByText('1 file uploaded').waitFor()
    await check('uploads')
    await slowDown(page, 2_000_000)
    await page.setInputFiles('[data-upload=files]', await largeFile(24_000_000))
    await sent(page, 0.1)
    await check('an upload that is sent')
    await page.locator('.uppy-StatusBar').getByRole('button', { name: 'Pause' }).click()
    await page.locator('.dock-title').getByText('1 upload paused').waitFor()
    await check('a paused upload')
    page.once('dialog', (dialog) => void dialog.accept())
    await page.reload()
    await page.getByRole('region', { name: '1 interrupted upload' }).waitFor()
    await check('an interrupted upload')
  })

  test('the keyboard alone makes a container, finds a file, opens, renames and deletes it', async () => {
    await fill(house(), 'keys', files)
    const page = await visit(house(), '#/storage')
    const focused = () =>
      page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim(),
      )
    /** Tab until it is there. */
    const tabTo = async (name: string) => {
      for (let steps = 0; steps < 60; steps++) {
        await page.keyboard.press('Tab')
        if ((await focused()) === name) return
      }
      throw new Error(`Tab never came to ${name}, but to ${await focused()}`)
    }
    const { keyboard } = page
    await page.getByText('The same from a terminal').waitFor()
    await tabTo('New container')
    await keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'New container' }).waitFor()
    await keyboard.type('by-keyboard')
    await keyboard.press('Enter')
    await page.getByText('This container is empty.').waitFor()
    await page.getByRole('navigation', { name: 'Containers' }).getByText('keys').focus()
    await tabTo('Delete the container keys')
    await page.getByRole('link', { name: 'keys' }).focus()
    await keyboard.press('Enter')
    await rowOf(page, 'a.txt').waitFor()
    await tabTo('Files in keys/')
    // The folder is first; a key moves on, another one selects one more.
    await keyboard.press('ArrowDown')
    await keyboard.press('Enter')
    await rowOf(page, 'c.txt').waitFor()
    await tabTo('Files in keys/folder/')
    await keyboard.press('Backspace')
    await rowOf(page, 'a.txt').waitFor()
    await tabTo('Files in keys/')
    await keyboard.press('ArrowDown')
    await keyboard.press('ArrowDown')
    expect(await page.getByRole('row', { selected: true }).textContent()).toContain('a.txt')
    await keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'a.txt' }).getByText('text', { exact: true }).waitFor()
    await keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await keyboard.press('F2')
    await page.getByRole('dialog', { name: 'Rename' }).waitFor()
    await keyboard.type('renamed')
    await keyboard.press('Enter')
    await rowOf(page, 'renamed.txt').waitFor()
    expect(await contentOf(house(), 'keys', 'renamed.txt')).toBe('text')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await keyboard.press('Control+a')
    await page.getByText('3 selected').waitFor()
    await keyboard.press('Delete')
    await page.getByRole('dialog', { name: 'Delete 3 items?' }).waitFor()
    await keyboard.press('Tab')
    await keyboard.press('Enter')
    await said(page, 'Deleted 3 items')
    expect(await namesIn(house(), 'keys')).toEqual([])
  })

  test('the focus comes back to where a dialog was opened', async () => {
    await fill(house(), 'focus', files)
    const page = await visit(house(), '#/storage/focus/')
    await select(page, 'a.txt')
    await page.getByRole('button', { name: 'Delete', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Delete')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await said(page, 'Deleted “a.txt”')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('grid')
  })

  test('the explorer of the API works under the same policy', async () => {
    const page = await visit(house(), 'explorer/')
    await page.getByText('List containers', { exact: true }).click()
    await press(page, 'Execute')
    await page.locator('.live-responses-table').getByText('200').first().waitFor()
  })
})
