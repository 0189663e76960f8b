import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo, type Workplace, workplace } from './demo-process.js'

const web = join(import.meta.dirname, '..', 'web')
const assets = await readdir(web)
const sources = new Map(
  await Promise.all(assets.map(async (name) => [name, await readFile(join(web, name), 'utf8')] as const)),
)
const types = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
  ['svg', 'image/svg+xml'],
])

describe('the page', () => {
  let place: Workplace
  let demo: Demo

  beforeAll(async () => {
    place = await workplace({ storage: { provider: 'memory' } })
    demo = await startDemo(place.directory, place.environment)
  })

  afterAll(async () => {
    await demo[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  test('is at /', async () => {
    const answer = await fetch(`${demo.url}/`)
    expect(answer.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    expect(await answer.text()).toBe(sources.get('index.html'))
  })

  test.each(assets)('%s comes with its type, and a policy that lets in nothing from elsewhere', async (name) => {
    const { status, headers } = await fetch(`${demo.url}/${name}`)
    expect(status).toBe(200)
    expect(headers.get('Content-Type')).toBe(types.get(name.split('.').at(-1) ?? ''))
    expect(headers.get('Content-Security-Policy')).toMatch(/^default-src 'self'; object-src 'none'; base-uri 'none'/)
    expect(headers.get('Content-Security-Policy')).not.toMatch(/unsafe|\*|https?:/)
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('X-Frame-Options')).toBe('DENY')
    expect(headers.get('X-Powered-By')).toBeNull()
  })

  test('what the page and its modules refer to is there', async () => {
    for (const [name, source] of sources) {
      for (const [, reference = ''] of source.matchAll(/(?:href|src|from )=?["']([^"'#]+)["']/g)) {
        const { status } = await fetch(new URL(reference, `${demo.url}/${name}`))
        expect(status, `${reference} in ${name}`).toBe(200)
      }
    }
  })
})

test('the page has no script or style within itself, which the policy would refuse', () => {
  expect(sources.get('index.html')).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/)
})

test('every element that a module asks for by its id is in the page', () => {
  const page = sources.get('index.html') ?? ''
  const ids = [...sources.values()].flatMap((source) =>
    [...source.matchAll(/find\('([^']+)'\)/g)].map((match) => match[1]),
  )
  expect(ids.length).toBeGreaterThan(20)
  for (const id of ids) expect(page).toContain(`id="${id}"`)
})

test('no module turns a string into markup', () => {
  for (const [name, source] of sources) {
    expect(source, name).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|setHTML/)
  }
})
