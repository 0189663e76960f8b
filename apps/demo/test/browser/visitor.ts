/**
 * A visitor of the demo: a real Chromium with a profile of its own, before a demo of its own.
 * Whatever the page reports as an error, and whatever it asks of another host, fails the test.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { type Demo, startDemo, type Workplace, workplace } from '../demo-process.js'

const launchOptions = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** What is the same for the tests of one file. */
export interface House {
  readonly demo: Demo
  readonly browser: Browser
  /** The root of the data source `storage`. */
  readonly root: string
  /** Of the REST API over `storage`. */
  readonly api: string
}

const dataSources = {
  storage: { provider: 'filesystem', root: 'storage', createRoot: true },
  memory: { provider: 'memory', maxFileSize: '1000000' },
  texts: { provider: 'memory', allowedContentTypes: ['text/plain'] },
}

/**
 * Tests with a demo and a browser; where there is no browser the report says why, and with
 * `CI=true` that is a failure.
 */
export function describeInBrowser(name: string, define: (house: () => House) => void): void {
  const found = inject('chromium')
  describe(name, () => {
    if ('unavailable' in found) {
      if (process.env['CI'] !== 'true') it.skip(`did not run: ${found.unavailable}`)
      else {
        it('runs', () => {
          throw new Error(found.unavailable)
        })
      }
      return
    }
    let place: Workplace
    let house: House
    beforeAll(async () => {
      place = await workplace(dataSources)
      const [demo, browser] = await Promise.all([
        startDemo(place.directory, place.environment),
        chromium.launch({ executablePath: found.path, args: launchOptions }),
      ])
      house = { demo, browser, root: join(place.directory, 'storage'), api: `${demo.url}/api/containers` }
    })
    afterAll(async () => {
      await house.browser.close()
      await house.demo[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    })
    define(() => house)
  })
}

interface VisitOptions extends BrowserContextOptions {
  /** A problem that the test is about. */
  readonly expected?: RegExp
}

/** A context, which the caller closes. */
export async function newContext({ browser }: House, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext(options)
  // The default of 30 s is too short on a busy machine.
  context.setDefaultTimeout(120_000)
  return context
}

/**
 * A page at an address below the demo's, such as `#/storage/photos/`, closed when the test ends.
 */
export async function visit(house: House, address = '', { expected, ...options }: VisitOptions = {}): Promise<Page> {
  const context = await newContext(house, { viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('request', (request) => {
    const url = request.url()
    if (!/^(?:blob|data):/.test(url) && !url.startsWith(`${house.demo.url}/`)) problems.push(`asked for ${url}`)
  })
  onTestFinished(async () => {
    await context.close()
    expect(problems.filter((problem) => !expected?.test(problem))).toEqual([])
  })
  await page.goto(`${house.demo.url}/${address}`)
  return page
}

/** A container with files: name and content. */
export async function fill(
  { api }: Pick<House, 'api'>,
  container: string,
  files: Readonly<Record<string, string | Uint8Array>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  await fetch(api, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: container }),
  })
  for (const [name, content] of Object.entries(files)) {
    // Of bytes no type is stated, so that it is found by the name.
    const body = new Uint8Array(Buffer.from(content))
    const { status } = await fetch(urlOf(api, container, 'files', name), { method: 'PUT', headers, body })
    expect(status).toBe(201)
  }
}

export const urlOf = (api: string, container: string, verb: 'files' | 'download', file: string) =>
  `${api}/${encodeURIComponent(container)}/${verb}/${encodeURIComponent(file)}`

/** The names of the files in a container, at any depth. */
export async function namesIn({ api }: Pick<House, 'api'>, container: string): Promise<string[]> {
  const response = await fetch(`${api}/${encodeURIComponent(container)}/files`)
  return ((await response.json()) as { name: string }[]).map(({ name }) => name)
}

export async function contentOf({ api }: Pick<House, 'api'>, container: string, file: string): Promise<string> {
  return (await fetch(urlOf(api, container, 'download', file))).text()
}

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-browser-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** The row of a file or folder. */
export const rowOf = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) })

/** Selects by a click beside the name, which would open it. */
export const select = (page: Page, name: string, options: { modifiers?: ('Shift' | 'Control')[] } = {}) =>
  rowOf(page, name).click({ position: { x: 560, y: 24 }, ...options })

/** The names in the list, as shown. */
export const shownNames = (page: Page) => page.locator('.row .name').allInnerTexts()

/** Presses a button of the toolbar or a dialog. */
export const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()

/** What was done is said. */
export const said = (page: Page, text: string) => page.locator('.said').getByText(text).waitFor()
