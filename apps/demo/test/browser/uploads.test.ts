import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { choose, drop, largeFile, pendingIn, ready, sent, slowDown, text, uploaded } from './upload-steps.js'
import { contentOf, describeInBrowser, fill, namesIn, press, shownNames, temporaryDirectory, visit } from './visitor.js'

describeInBrowser('Uploads', (house) => {
  test('by the picker: several files appear in the list, and are stored', async () => {
    await fill(house(), 'picked')
    const page = await visit(house(), '#/storage/picked/')
    await choose(page, [text('a.txt', 'first'), text('b.txt', 'second')])
    await uploaded(page, '2 files uploaded')
    await expect.poll(() => shownNames(page)).toEqual(['a.txt', 'b.txt'])
    expect(await contentOf(house(), 'picked', 'b.txt')).toBe('second')
  })

  test('by drop, into the folder that is open', async () => {
    await fill(house(), 'dropped', { 'in/here.txt': 'x' })
    const path = join(await temporaryDirectory(), 'dropped.txt')
    await writeFile(path, 'dropped')
    const page = await visit(house(), '#/storage/dropped/in/')
    await ready(page)
    await drop(page, [path])
    await uploaded(page, '1 file uploaded')
    await expect.poll(() => shownNames(page)).toEqual(['dropped.txt', 'here.txt'])
    expect(await contentOf(house(), 'dropped', 'in/dropped.txt')).toBe('dropped')
  })

  test('of whole folders, dropped and chosen, with the paths in them', async () => {
    await fill(house(), 'folders')
    const directory = await temporaryDirectory()
    await mkdir(join(directory, 'album', 'raw'), { recursive: true })
    await writeFile(join(directory, 'album', 'cover.txt'), 'cover')
    await writeFile(join(directory, 'album', 'raw', '1.txt'), 'one')
    const page = await visit(house(), '#/storage/folders/')
    await ready(page)
    await drop(page, [join(directory, 'album')])
    await uploaded(page, '2 files uploaded')
    await expect.poll(() => shownNames(page)).toEqual(['album'])
    await mkdir(join(directory, 'second'))
    await writeFile(join(directory, 'second', 'x.txt'), 'x')
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), press(page, 'Upload folder')])
    await chooser.setFiles(join(directory, 'second'))
    await uploaded(page, '3 files uploaded')
    expect(await namesIn(house(), 'folders')).toEqual(['album/cover.txt', 'album/raw/1.txt', 'second/x.txt'])
  })

  test('of a name with emoji, umlauts and what addresses hold', async () => {
    const name = '👩‍👩‍👧 Größe & 50% #1?.txt'
    await fill(house(), 'odd')
    const page = await visit(house(), '#/storage/odd/')
    await choose(page, [text(name, 'odd')])
    await uploaded(page, '1 file uploaded')
    await expect.poll(() => shownNames(page)).toEqual([name])
    expect(await namesIn(house(), 'odd')).toEqual([name])
    await page.getByRole('button', { name }).click()
    await page.getByRole('dialog').getByText('odd', { exact: true }).waitFor()
  })

  test('of 300 MB: the progress is seen with speed and time left, and the file is whole', async () => {
    await fill(house(), 'large')
    const page = await visit(house(), '#/storage/large/')
    await slowDown(page, 150_000_000)
    await choose(page, await largeFile(300_000_000))
    await sent(page, 0.1)
    await page.locator('.dock-title').getByText('Uploading 1 file').waitFor()
    await page.getByText(/\d.*B\/s · \d+ \w+ left/).waitFor()
    await page.locator('.uppy-Dashboard-Item.is-inprogress').waitFor()
    await uploaded(page, '1 file uploaded')
    await page.getByText('300 MB').waitFor()
    const response = await fetch(`${house().api}/large/files/large.bin`)
    expect(await response.json()).toMatchObject({ size: 300_000_000 })
  })

  test('cancelled while they are sent: nothing of them remains, and later uploads work', async () => {
    await fill(house(), 'cancelled')
    const page = await visit(house(), '#/storage/cancelled/')
    await slowDown(page, 1_000_000)
    await choose(page, [await largeFile(300_000_000), await largeFile(4_000_000, 'small.bin')])
    await sent(page, 0)
    await expect.poll(() => pendingIn(house().root)).not.toEqual([])
    await press(page, 'Cancel all uploads')
    await page.getByText('Cancel all?').click()
    await page.locator('.dock').waitFor({ state: 'hidden' })
    expect(await shownNames(page)).toEqual([])
    await slowDown(page, -1)
    await choose(page, [text('small.txt', 'small')])
    await uploaded(page, '1 file uploaded')
    expect(await namesIn(house(), 'cancelled')).toEqual(['small.txt'])
    await expect.poll(() => pendingIn(house().root)).toEqual([])
  })

  test('of a name that is taken asks first: skip, keep both, replace', async () => {
    await fill(house(), 'taken', { 'a.txt': 'old' })
    const page = await visit(house(), '#/storage/taken/')
    const upload = async (content: string, response: string) => {
      await choose(page, [text('a.txt', content)])
      await page
        .getByRole('dialog', { name: 'The file already exists' })
        .getByRole('button', { name: response, exact: true })
        .click()
    }
    await upload('skipped', 'Skip')
    await page.locator('.dock').waitFor({ state: 'hidden' })
    await upload('both', 'Keep both')
    await expect.poll(() => shownNames(page)).toEqual(['a (2).txt', 'a.txt'])
    expect(await contentOf(house(), 'taken', 'a.txt')).toBe('old')
    await upload('replaced', 'Replace')
    await uploaded(page, '2 files uploaded')
    expect(await contentOf(house(), 'taken', 'a.txt')).toBe('replaced')
    expect(await contentOf(house(), 'taken', 'a (2).txt')).toBe('both')
  })

  test('that are too large for the data source are refused in words, and others are stored', async () => {
    const memory = { api: `${house().demo.url}/api/datasources/memory/containers` }
    await fill(memory, 'small')
    const page = await visit(house(), '#/memory/small/')
    await choose(page, [text('fits.txt', 'fits'), { ...text('large.txt', ''), buffer: Buffer.alloc(1_000_001) }])
    await uploaded(page, '1 upload failed')
    await page.getByText('Larger than 1 MB, which this data source allows.').waitFor()
    expect(await namesIn(memory, 'small')).toEqual(['fits.txt'])
  })

  test('that fail tell what the server said, and can be tried again', async () => {
    await fill(house(), 'again')
    const page = await visit(house(), '#/storage/again/', { expected: /status of 507/ })
    let failing = true
    await page.route('**/files/retry.txt', async (route) => {
      if (!failing || route.request().method() !== 'PUT') return route.continue()
      const error = { statusCode: 507, name: 'Error', message: 'the storage is full', code: 'NO_SPACE' }
      return route.fulfill({ status: 507, contentType: 'application/json', body: JSON.stringify({ error }) })
    })
    await choose(page, [text('retry.txt', 'again')])
    await uploaded(page, '1 upload failed')
    await page.getByText('The storage is full').waitFor()
    failing = false
    await page.locator('.uppy-StatusBar').getByRole('button', { name: /Retry/ }).click()
    await uploaded(page, '1 file uploaded')
    expect(await contentOf(house(), 'again', 'retry.txt')).toBe('again')
  })
})
