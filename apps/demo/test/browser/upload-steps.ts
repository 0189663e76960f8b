/**
 * What tests of uploads do in the page.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CDPSession, Page } from 'playwright-core'
import { expect } from 'vitest'
import { press, temporaryDirectory, urlOf } from './visitor.js'

export const text = (name: string, content: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) })

/** Chooses files with the button "Upload". */
export const choose = async (page: Page, files: Parameters<Page['setInputFiles']>[1]) => {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), press(page, 'Upload')])
  await chooser.setFiles(files)
}

/** Waits for the title of the panel, such as "2 files uploaded". */
export async function uploaded(page: Page, words: string): Promise<void> {
  try {
    await expect.poll(() => page.locator('.dock-title strong').textContent(), { timeout: 30_000 }).toBe(words)
  } catch (cause) {
    const shown = await page.locator('.dock, .said').allTextContents()
    throw new Error(`the page shows no "${words}", but: ${shown.join(' | ')}`, { cause })
  }
}

/** Waits until a part of the bytes is sent, from 0 to 1. */
export const sent = (page: Page, share: number) =>
  page.waitForFunction((least) => {
    const all = document.querySelector<HTMLProgressElement>('progress[aria-label="All uploads"]')
    return all !== null && all.value > least && all.value < 1
  }, share)

/** A sparse file of zeroes, which needs no space on the disk. */
export async function largeFile(bytes: number, name = 'large.bin'): Promise<string> {
  const path = join(await temporaryDirectory(), name)
  await using file = await open(path, 'w')
  await file.truncate(bytes)
  return path
}

/** A file in which a piece in the wrong place changes the checksum. */
export async function distinctFile(bytes: number, name = 'film.bin'): Promise<string> {
  const path = join(await temporaryDirectory(), name)
  await using file = await open(path, 'w')
  const counters = new Uint32Array(bytes / 4).map((_, index) => index)
  await file.writeFile(new Uint8Array(counters.buffer))
  return path
}

export async function checksumOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** The checksum of a stored file. */
export async function storedChecksum(api: string, container: string, file: string): Promise<string> {
  const response = await fetch(urlOf(api, container, 'download', file))
  return createHash('sha256')
    .update(new Uint8Array(await response.arrayBuffer()))
    .digest('hex')
}

/**
 * What the filesystem provider stores of pending uploads: their parts and hidden files. The record
 * of a finished upload stays until it is purged.
 */
export async function pendingIn(root: string): Promise<string[]> {
  const entries = await readdir(join(root, '.stowage'), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && /uploads|tmp|hidden/.test(entry.parentPath))
  return files.map(({ name }) => name).filter((name) => name !== 'finished')
}

/** Bytes a second that the browser may send; -1 for no limit. */
export async function slowDown(page: Page, uploadThroughput: number): Promise<void> {
  await setNetwork(page, { offline: false, uploadThroughput })
}

export async function setOffline(page: Page, offline: boolean): Promise<void> {
  await setNetwork(page, { offline, uploadThroughput: -1 })
}

/** One session for each page: the conditions of two sessions are both in force. */
const sessions = new WeakMap<Page, Promise<CDPSession>>()

async function setNetwork(page: Page, conditions: { offline: boolean; uploadThroughput: number }): Promise<void> {
  const session = sessions.get(page) ?? page.context().newCDPSession(page)
  sessions.set(page, session)
  const parameters = { latency: 0, downloadThroughput: -1, ...conditions }
  await (await session).send('Network.emulateNetworkConditions', parameters)
}

/** Drops files and directories onto the page, as the system's file manager does. */
export async function drop(page: Page, files: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [...files], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 600, y: 500, data })
    if (type === 'dragOver') await page.getByText('Drop to upload to').waitFor()
  }
}

/** Waits until Uppy is loaded and accepts a drop. */
export const ready = (page: Page) => page.locator('.dock').waitFor({ state: 'attached' })
