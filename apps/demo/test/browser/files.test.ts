import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  contentOf,
  describeInBrowser,
  fill,
  namesIn,
  press,
  rowOf,
  said,
  select,
  shownNames,
  visit,
} from './visitor.js'

describeInBrowser('Containers and files', (house) => {
  test('a newcomer makes a container, and deletes it after being asked', async () => {
    const page = await visit(house(), '', { expected: /status of 400/ })
    await page.getByRole('main').getByRole('button', { name: 'New container' }).click()
    const dialog = page.getByRole('dialog', { name: 'New container' })
    await dialog.getByLabel('Name').fill('a/b')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog
      .getByRole('alert')
      .getByText(/slashes/)
      .waitFor()
    await dialog.getByLabel('Name').fill('fresh')
    await page.keyboard.press('Enter')
    await page.getByText('This container is empty.').waitFor()
    await page.getByRole('navigation', { name: 'Containers' }).getByText('fresh').hover()
    await press(page, 'Delete the container fresh')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await said(page, 'Deleted the container “fresh”')
    const left = (await (await fetch(house().api)).json()) as { name: string }[]
    expect(left.map(({ name }) => name)).not.toContain('fresh')
  }, 60_000)

  test('a container created after the list was read is in the list once its page is open', async () => {
    const page = await visit(house())
    await page.getByRole('heading', { name: 'storage' }).waitFor()
    await fill(house(), 'later', { 'a.txt': 'a' })
    await page.goto(`${house().demo.url}/#/storage/later/`)
    await rowOf(page, 'a.txt').waitFor()
    const listed = page.getByRole('navigation', { name: 'Containers' }).getByRole('link', { name: 'later' })
    await listed.waitFor()
    expect(await listed.getAttribute('aria-current')).toBe('page')
  })

  test('the data source is chosen beside the list, and is in the address', async () => {
    const page = await visit(house())
    await page.getByRole('link', { name: /memory/ }).click()
    await page.getByRole('heading', { name: 'memory' }).waitFor()
    expect(page.url()).toMatch(/#\/memory$/)
    await page.goBack()
    await page.getByRole('heading', { name: 'storage' }).waitFor()
  })

  test('folders are opened, and left by the trail', async () => {
    await fill(house(), 'tree', { '2024/07/a.txt': 'a', '2024/b.txt': 'b', 'c.txt': 'c' })
    const page = await visit(house(), '#/storage/tree/')
    await expect.poll(() => shownNames(page)).toEqual(['2024', 'c.txt'])
    await page.getByRole('link', { name: '2024' }).click()
    await expect.poll(() => shownNames(page)).toEqual(['07', 'b.txt'])
    await page.getByRole('link', { name: '07' }).click()
    await expect.poll(() => shownNames(page)).toEqual(['a.txt'])
    const trail = page.getByRole('navigation', { name: 'Location' })
    expect(await trail.getByRole('link').allTextContents()).toEqual(['storage', 'tree', '2024', '07'])
    await trail.getByRole('link', { name: 'tree' }).click()
    await expect.poll(() => shownNames(page)).toEqual(['2024', 'c.txt'])
  })

  test('a list is sorted by any column, folders first, and searched by the beginning of names', async () => {
    await fill(house(), 'sorted', { 'b10.txt': 'xx', 'b9.txt': 'xxx', 'a.txt': 'x', 'z/file.txt': 'x' })
    const page = await visit(house(), '#/storage/sorted/')
    await expect.poll(() => shownNames(page)).toEqual(['z', 'a.txt', 'b9.txt', 'b10.txt'])
    await press(page, 'Size')
    await expect.poll(() => shownNames(page)).toEqual(['z', 'a.txt', 'b10.txt', 'b9.txt'])
    await press(page, 'Size')
    await expect.poll(() => shownNames(page)).toEqual(['z', 'b9.txt', 'b10.txt', 'a.txt'])
    await page.getByLabel('Show names that begin with').fill('b')
    await expect.poll(async () => (await shownNames(page)).toSorted()).toEqual(['b10.txt', 'b9.txt'])
    await page.getByLabel('Show names that begin with').fill('nothing')
    await page.getByText('No name begins with “nothing”.').waitFor()
  })

  test('a file is renamed; a name that is taken is asked about in the dialog', async () => {
    await fill(house(), 'renamed', { 'a.txt': 'a', 'b.txt': 'b' })
    const page = await visit(house(), '#/storage/renamed/')
    await select(page, 'a.txt')
    await press(page, 'Rename')
    const dialog = page.getByRole('dialog', { name: 'Rename' })
    // The name before the extension is selected, and is what typing replaces.
    await dialog.waitFor()
    await page.keyboard.type('b')
    await page.keyboard.press('Enter')
    await dialog.getByText('“b.txt” already exists. Replace it?').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect(await contentOf(house(), 'renamed', 'b.txt')).toBe('b')
    await press(page, 'Rename')
    await dialog.waitFor()
    await page.keyboard.type('c')
    await page.keyboard.press('Enter')
    await expect.poll(() => shownNames(page)).toEqual(['b.txt', 'c.txt'])
    expect(await namesIn(house(), 'renamed')).toEqual(['b.txt', 'c.txt'])
  })

  test('a folder is renamed with all that is in it', async () => {
    await fill(house(), 'moving', { 'old/a.txt': 'a', 'old/deep/b.txt': 'b', 'older.txt': 'c' })
    const page = await visit(house(), '#/storage/moving/')
    await select(page, 'old')
    await press(page, 'Rename')
    await page.getByRole('dialog').getByLabel('New name').fill('new')
    await page.keyboard.press('Enter')
    await expect.poll(() => shownNames(page)).toEqual(['new', 'older.txt'])
    expect(await namesIn(house(), 'moving')).toEqual(['new/a.txt', 'new/deep/b.txt', 'older.txt'])
  })

  test('files are copied and moved, also to another container and a new folder', async () => {
    await fill(house(), 'from', { 'a.txt': 'a', 'b.txt': 'b', 'c/d.txt': 'd' })
    await fill(house(), 'to', { 'there/x.txt': 'x' })
    const page = await visit(house(), '#/storage/from/')
    await select(page, 'a.txt')
    await select(page, 'b.txt', { modifiers: ['Control'] })
    await press(page, 'Copy')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Container').selectOption('to')
    await dialog.getByRole('button', { name: 'there' }).click()
    await dialog.getByRole('button', { name: 'Copy here' }).click()
    await said(page, 'Copied 2 items to to/there/')
    expect(await namesIn(house(), 'to')).toEqual(['there/a.txt', 'there/b.txt', 'there/x.txt'])
    await select(page, 'c')
    await press(page, 'Move')
    await dialog.getByLabel('Container').selectOption('to')
    await dialog.getByLabel('Name of a new folder').fill('fresh')
    await dialog.getByRole('button', { name: 'Use' }).click()
    await dialog.getByRole('button', { name: 'Move here' }).click()
    await said(page, 'Moved “c” to to/fresh/')
    await expect.poll(() => shownNames(page)).toEqual(['a.txt', 'b.txt'])
    expect(await namesIn(house(), 'to')).toContain('fresh/c/d.txt')
  })

  test('several files and folders are selected by click, Ctrl, Shift and box, and deleted after being asked', async () => {
    const names = ['a.txt', 'b.txt', 'c.txt', 'd.txt', 'e.txt', 'f/1.txt', 'f/2.txt']
    await fill(house(), 'many', Object.fromEntries(names.map((name) => [name, name])))
    const page = await visit(house(), '#/storage/many/')
    await select(page, 'a.txt')
    await select(page, 'c.txt', { modifiers: ['Shift'] })
    await page.getByText('3 selected').waitFor()
    await select(page, 'b.txt', { modifiers: ['Control'] })
    await page.getByRole('checkbox', { name: 'Select f' }).check()
    await page.getByText('3 selected').waitFor()
    await press(page, 'Delete')
    const dialog = page.getByRole('dialog', { name: 'Delete 3 items?' })
    await dialog.getByText('Folders are deleted with everything in them.').waitFor()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await expect.poll(() => shownNames(page)).toEqual(['b.txt', 'd.txt', 'e.txt'])
    expect(await namesIn(house(), 'many')).toEqual(['b.txt', 'd.txt', 'e.txt'])
  })

  test('what the server refuses is shown in its words where it was asked for', async () => {
    await fill(house(), 'errors', { 'a.txt': 'a', 'b.txt': 'b' })
    const page = await visit(house(), '#/storage/errors/', { expected: /status of (?:404|409)/ })
    await select(page, 'a.txt')
    await press(page, 'Rename')
    // A plain directory cannot hold a file beside a folder of its name.
    await page.getByRole('dialog').getByLabel('New name').fill('b.txt/c.txt')
    await page.keyboard.press('Enter')
    await page
      .getByRole('dialog')
      .getByRole('alert')
      .getByText(/b\.txt/)
      .last()
      .waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    await page.goto(`${house().demo.url}/#/storage/missing/`)
    await page.getByRole('alert').getByText('container "missing" does not exist').waitFor()
  })

  test('100,000 files: a small part is in the document, and scrolling and sorting reach the last one', async () => {
    await fill(house(), 'endless')
    const directory = join(house().root, 'endless')
    await mkdir(directory, { recursive: true })
    for (let start = 0; start < 100_000; start += 1000) {
      const names = Array.from({ length: 1000 }, (_, index) => `file-${String(start + index).padStart(6, '0')}.txt`)
      await Promise.all(names.map((name) => writeFile(join(directory, name), '')))
    }
    const page = await visit(house(), '#/storage/endless/')
    await rowOf(page, 'file-000000.txt').waitFor()
    expect(await page.locator('.row').count()).toBeLessThan(60)
    await page.getByText('2,200 items so far; scroll for more').waitFor()
    await page.getByRole('grid').focus()
    await page.keyboard.press('End')
    await rowOf(page, 'file-002199.txt').waitFor()
    await page.getByText('3,200 items so far; scroll for more').waitFor()
    await press(page, 'Name')
    await page.getByText('100,000 items').waitFor({ timeout: 60_000 })
    await page.getByRole('grid').focus()
    await page.keyboard.press('Home')
    await rowOf(page, 'file-099999.txt').waitFor()
    await page.keyboard.press('End')
    await rowOf(page, 'file-000000.txt').waitFor()
    expect(await page.locator('.row').count()).toBeLessThan(60)
  }, 180_000)
})
