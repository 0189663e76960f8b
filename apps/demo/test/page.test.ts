import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo, type Workplace, workplace } from './demo-process.js'

const built = join(import.meta.dirname, '..', 'dist', 'web')
const files = (await readdir(built, { recursive: true })).filter((name) => /\.\w+$/.test(name))
const types = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
  ['svg', 'image/svg+xml'],
])

const page = await readFile(join(built, 'index.html'), 'utf8')

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
    const response = await fetch(`${demo.url}/`)
    expect(response.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    expect(await response.text()).toBe(page)
  })

  test.each(files)('%s comes with its type, and a policy that lets in nothing from elsewhere', async (name) => {
    const { status, headers } = await fetch(`${demo.url}/${name}`)
    expect(status).toBe(200)
    expect(headers.get('Content-Type')).toBe(types.get(name.split('.').at(-1) ?? ''))
    expect(headers.get('Content-Security-Policy')).toMatch(/^default-src 'self'; .*object-src 'none'; base-uri 'none'/)
    expect(headers.get('Content-Security-Policy')).not.toMatch(/unsafe|\*|https?:/)
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('X-Frame-Options')).toBe('DENY')
    expect(headers.get('X-Powered-By')).toBeNull()
  })

  test('its parts are kept by browsers for good, since their names change with their content; the page itself is asked for again', async () => {
    const asset = files.find((name) => name.startsWith('assets/'))
    expect((await fetch(`${demo.url}/${asset}`)).headers.get('Cache-Control')).toBe(
      'public, max-age=31536000, immutable',
    )
    expect((await fetch(`${demo.url}/`)).headers.get('Cache-Control')).toBe('public, max-age=0')
  })

  test('texts and lists are compressed, and what is downloaded keeps its length', async () => {
    const containers = `${demo.url}/api/containers`
    const json = { 'Content-Type': 'application/json' }
    await fetch(containers, { method: 'POST', headers: json, body: '{"name":"texts"}' })
    await fetch(`${containers}/texts/files/a.txt`, { method: 'PUT', body: 'text '.repeat(1000) })
    const encodingOf = async (url: string) => (await fetch(url)).headers.get('Content-Encoding')
    const script = files.find((name) => name.endsWith('.js'))
    expect(await encodingOf(`${demo.url}/${script}`)).toMatch(/gzip|br/)
    const download = await fetch(`${containers}/texts/download/a.txt`)
    expect(download.headers.get('Content-Encoding')).toBeNull()
    expect(download.headers.get('Content-Length')).toBe('5000')
  })

  test('the description of the API names every data source, and its explorer is at /explorer', async () => {
    const description = (await (await fetch(`${demo.url}/openapi.json`)).json()) as { servers: unknown[] }
    expect(description).toMatchObject({ openapi: '3.1.1', paths: { '/{container}/files/{file}': { put: {} } } })
    expect(description.servers).toEqual([
      { url: '/api/containers', description: 'storage' },
      { url: '/api/datasources/storage/containers', description: 'storage (memory)' },
    ])
    expect(await (await fetch(`${demo.url}/explorer`)).text()).toContain('id="explorer"')
  })
})

test('the first load is under 150 kB of compressed script', async () => {
  const scripts = Array.from(page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g), ([, name]) => name as string)
  expect(scripts.length).toBeGreaterThan(0)
  const sizes = await Promise.all(scripts.map(async (name) => gzipSync(await readFile(join(built, name))).length))
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(150_000)
})

test('the pages have no script or style within themselves, which the policy would refuse', async () => {
  for (const name of files.filter((each) => each.endsWith('.html'))) {
    const text = await readFile(join(built, name), 'utf8')
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/)
    expect(text, 'nothing comes from elsewhere').not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
  }
})
