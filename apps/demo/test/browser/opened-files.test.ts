/**
 * Stored files that are opened in a tab of their own: what may be shown is shown, and nothing that
 * is stored runs.
 */
import { deflateSync } from 'node:zlib'
import type { BrowserContext, Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { describeInBrowser, fill, type House, newContext, urlOf, visit } from './visitor.js'
import { makeVideo } from './webm.js'

/** A tone of half a second: 16-bit samples at 8 kHz (RIFF WAVE). */
function wave(): Buffer {
  const samples = 4000
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + samples * 2, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(8000, 24)
  header.writeUInt32LE(16_000, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(samples * 2, 40)
  const tone = Buffer.alloc(samples * 2)
  for (let index = 0; index < samples; index++) tone.writeInt16LE(Math.round(8000 * Math.sin(index / 3)), index * 2)
  return Buffer.concat([header, tone])
}

const crcTable = Array.from({ length: 256 }, (_, value) => {
  let crc = value
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1
  return crc >>> 0
})

/** A red picture of 3 × 2 pixels. */
function png(): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const content = Buffer.concat([Buffer.from(type), data])
    let crc = 0xffffffff
    for (const byte of content) crc = (crcTable[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
    const ends = Buffer.alloc(8)
    ends.writeUInt32BE(data.length, 0)
    ends.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4)
    return Buffer.concat([ends.subarray(0, 4), content, ends.subarray(4)])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(3, 0)
  header.writeUInt32BE(2, 4)
  header.writeUInt8(8, 8)
  header.writeUInt8(2, 9)
  const row = Buffer.from([0, 255, 0, 0, 255, 0, 0, 255, 0, 0])
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat([row, row]))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Opens a stored file as a link to it does. */
async function open(house: House, file: string): Promise<Page> {
  const context = await contextOf(house)
  const page = await context.newPage()
  await page.goto(urlOf(house.api, 'opened', 'download', file))
  return page
}

async function contextOf(house: House): Promise<BrowserContext> {
  const context = await newContext(house)
  onTestFinished(() => context.close())
  return context
}

/** Plays what the browser made a player for, and returns its length in seconds. */
const played = (page: Page) =>
  page.evaluate(async () => {
    const player = document.querySelector<HTMLMediaElement>('video, audio')
    if (player === null) throw new Error('there is no player')
    player.muted = true
    const ended = new Promise((resolve, reject) => {
      player.addEventListener('ended', resolve)
      player.addEventListener('error', () => reject(new Error(player.error?.message)))
    })
    await player.play()
    await ended
    return player.currentTime
  })

describeInBrowser('A stored file in a tab of its own', (house) => {
  test('plays when it is audio or video', async () => {
    const video = await makeVideo(await visit(house()), 1)
    await fill(house(), 'opened', { 'tone.wav': wave(), 'film.webm': video })
    expect(await played(await open(house(), 'tone.wav'))).toBeCloseTo(0.5, 1)
    expect(await played(await open(house(), 'film.webm'))).toBeGreaterThan(0.8)
  })

  test('is shown when it is a picture or text', async () => {
    await fill(house(), 'opened', { 'red.png': png(), 'note.txt': 'a note' })
    const picture = await open(house(), 'red.png')
    expect(await picture.evaluate(() => [document.images[0]?.naturalWidth, document.images[0]?.naturalHeight])).toEqual(
      [3, 2],
    )
    const note = await open(house(), 'note.txt')
    expect(await note.evaluate(() => document.body.textContent)).toBe('a note')
  })

  const script = 'fetch("/ran")'
  const pages = {
    'page.html': ['text/html', `<script>${script}</script><img src=x onerror='${script}'>`],
    'page.xhtml': [
      'application/xhtml+xml',
      `<html xmlns="http://www.w3.org/1999/xhtml"><body onload='${script}'/><script>${script}</script></html>`,
    ],
    'picture.svg': [
      'image/svg+xml',
      `<svg xmlns="http://www.w3.org/2000/svg" onload='${script}'><script>${script}</script></svg>`,
    ],
    'film.webm': ['video/webm', `<script>${script}</script>`],
    'tone.wav': ['audio/wav', `<html><script>${script}</script></html>`],
    'note.txt': ['text/plain', `<html><script>${script}</script></html>`],
  } as const

  test.each(Object.keys(pages) as (keyof typeof pages)[])('runs no script: %s', async (name) => {
    const [type, content] = pages[name]
    for (const disposition of ['', 'inline', 'attachment', 'attachment x', 'attachment,', 'attachment"', 'inline x']) {
      const headers = { 'Content-Type': type, ...(disposition === '' ? {} : { 'Content-Disposition': disposition }) }
      const file = `${disposition.replaceAll(/\W/g, '_')}-${name}`
      await fill(house(), 'opened', {}, headers)
      const url = urlOf(house().api, 'opened', 'files', file)
      expect((await fetch(url, { method: 'PUT', headers, body: content })).ok).toBe(true)
      const context = await contextOf(house())
      const page = await context.newPage()
      const ran: string[] = []
      page.on('request', (request) => {
        if (request.url().endsWith('/ran')) ran.push(request.url())
      })
      const downloads: unknown[] = []
      page.on('download', (download) => downloads.push(download))
      // A navigation to an attachment is given up for the download.
      await page.goto(urlOf(house().api, 'opened', 'download', file), { waitUntil: 'load' }).catch(() => undefined)
      // Whatever the page would run has run once the browser has gone somewhere else and come back.
      await page.goto(`${house().demo.url}/api`).catch(() => undefined)
      expect(ran, `${name} with ${disposition}`).toEqual([])
      const isAttachment = /html$|svg$/.test(name) || !['', 'inline'].includes(disposition)
      expect(downloads.length, `${name} with ${disposition}`).toBe(isAttachment ? 1 : 0)
      await context.close()
    }
  })
})
