/**
 * Vulnerabilities that file servers have had, each under its public name. The router has none of
 * them.
 */

import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { StorageService } from '@stowage/core'
import { FilesystemProvider } from '@stowage/provider-fs'
import { describe, expect, it } from 'vitest'
import { storageRouter } from '../../src/index.js'
import {
  eventually,
  fieldPart,
  filePart,
  form,
  isFetch,
  listen,
  multipart,
  namesIn,
  openSocket,
  rawRequest,
  refusedDots,
  startServer,
} from '../tools/rest-server.js'
import { temporaryDirectory } from '../tools/storages.js'

/** A server over a directory inside another one that holds a secret. */
async function serverBesideSecret() {
  const outside = temporaryDirectory()
  await writeFile(join(outside, 'secret.txt'), 'the secret')
  const root = join(outside, 'root')
  await mkdir(join(root, 'photos'), { recursive: true })
  const server = await startServer({ provider: new FilesystemProvider({ root }), containers: [] })
  return { ...server, outside, root }
}

/** Whether the text is a step in a URL, as the WHATWG reads it. */
const isDots = (text: string) => /^(?:\.|%2e){1,2}$/i.test(text)

const escapes = [
  '../secret.txt',
  '../../secret.txt',
  '..%2f..%2fsecret.txt',
  '%2e%2e/%2e%2e/secret.txt',
  '%2e%2e%2f%2e%2e%2fsecret.txt',
  '..%5c..%5csecret.txt',
  '..\\..\\secret.txt',
  '....//....//secret.txt',
  '..%00/..%00/secret.txt',
  '%252e%252e%252f%252e%252e%252fsecret.txt',
  '..%c0%af..%c0%afsecret.txt',
  './../../secret.txt',
  '.%2e/.%2e/secret.txt',
  'x/../../../secret.txt',
]

describe('Path traversal (send, st, serve-static, tus file-store)', () => {
  it.each(escapes)('with %s reads, writes and removes nothing outside of the root', async (name) => {
    const { port, mount, outside } = await serverBesideSecret()
    for (const verb of ['files', 'download']) {
      const response = await rawRequest(port, `GET ${mount}/photos/${verb}/${name} HTTP/1.1`)
      expect(response.statusCode).toBeGreaterThanOrEqual(400)
      expect(response.statusCode).toBeLessThan(500)
      expect(response.body).not.toContain('the secret')
    }
    const put = await rawRequest(port, `PUT ${mount}/photos/files/${name} HTTP/1.1\nContent-Length: 1`, 'x')
    expect(put.statusCode).toBeLessThan(500)
    await rawRequest(port, `DELETE ${mount}/photos/files/${name} HTTP/1.1`)
    const container = await rawRequest(port, `DELETE ${mount}/.. HTTP/1.1`)
    expect(refusedDots).toContain(container.statusCode)
    expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('the secret')
    expect(await readdir(outside)).toEqual(['root', 'secret.txt'])
  })

  it.each(['..', '.', '%2e%2e', '%2E%2E', '.%2e', '..%2f..', '%2fetc', '..%5c..', '%00', 'a%00b', '%2e', ''])(
    'with %j as the container is refused on every route, and the server lives (the old component crashed)',
    async (container) => {
      const { port, mount, outside } = await serverBesideSecret()
      for (const [method, path] of [
        ['GET', ''],
        ['DELETE', ''],
        ['GET', '/files'],
        ['GET', '/files/secret.txt'],
        ['PUT', '/files/x'],
        ['DELETE', '/files/secret.txt'],
        ['GET', '/download/secret.txt'],
        ['POST', '/upload'],
      ]) {
        const response = await rawRequest(port, `${method} ${mount}/${container}${path} HTTP/1.1\nContent-Length: 0`)
        // Without a name, the path is another one, also where URLs resolve dots: `/` does not
        // support DELETE, and `//` names no container.
        expect([400, 404, 405, 200]).toContain(response.statusCode)
        if (container !== '' && !(isFetch && isDots(container))) expect(response.statusCode).toBe(400)
        expect(response.body).not.toContain('the secret')
      }
      expect(await readdir(outside)).toEqual(['root', 'secret.txt'])
    },
  )

  it('of a URL that names the file ".." does not delete its container', async () => {
    const { fetch, storage } = await startServer()
    for (const name of ['..', '%2e%2e', 'a/../..', '..?x=1', '']) {
      expect((await fetch(`/photos/files/${name}`, { method: 'DELETE' })).status).toBeGreaterThanOrEqual(400)
    }
    expect((await fetch('/photos/', { method: 'DELETE' })).status).toBe(400)
    expect(await storage.hasContainer('photos')).toBe(true)
    expect((await fetch('/photos?x=/', { method: 'DELETE' })).status).toBe(200)
  })

  it('by a filename in a form, or by getFilename, ends inside of the container', async () => {
    const { fetch, outside, root, storage } = await serverBesideSecret()
    const body = multipart('X', [[filePart('f', '../../evil.txt'), 'x']])
    const headers = { 'Content-Type': 'multipart/form-data; boundary=X' }
    expect((await fetch('/photos/upload', { method: 'POST', headers, body: new Uint8Array(body) })).status).toBe(200)
    expect(await namesIn(storage)).toEqual(['../../evil.txt'])
    const handler = storageRouter(storage, { getFilename: () => '../../evil2.txt' })
    const { url } = await listen(createServer((req, res) => handler(req, res)))
    const upload = { method: 'POST', body: form([['f', 'a', 'x']]) }
    expect((await globalThis.fetch(`${url}/photos/upload`, upload)).status).toBe(200)
    expect(await namesIn(storage)).toEqual(['../../evil.txt', '../../evil2.txt'])
    expect(await readdir(outside)).toEqual(['root', 'secret.txt'])
    expect((await readdir(root)).toSorted()).toEqual(
      ['.stowage', 'photos'].filter((name) => name !== '.stowage' || true),
    )
  })

  it('by a symbolic link ends at the root', async () => {
    const { fetch, outside, root } = await serverBesideSecret()
    await symlink(join(outside, 'secret.txt'), join(root, 'photos', 'link.txt'))
    await symlink(outside, join(root, 'photos', 'dir'))
    await symlink(outside, join(root, 'linked'))
    for (const path of [
      '/photos/download/link.txt',
      '/photos/download/dir/secret.txt',
      '/photos/files/dir/secret.txt',
      '/linked/download/secret.txt',
      '/linked/files',
    ]) {
      const response = await fetch(path)
      expect([path, response.status]).toEqual([path, 404])
      expect(await response.text()).not.toContain('the secret')
    }
    expect((await fetch('/photos/files/dir/new.txt', { method: 'PUT', body: 'x' })).status).toBeGreaterThanOrEqual(400)
    expect(await readdir(outside)).toEqual(['root', 'secret.txt'])
  })
})

describe('A router and a file server that decode a name differently (Hono serveStatic)', () => {
  it('have no place here: authorization and storage see one name', async () => {
    const asked: (string | undefined)[] = []
    const { port, mount, storage } = await startServer({
      authorize: ({ file }) => {
        asked.push(file)
        return file !== 'admin/secret.txt'
      },
    })
    await storage.putFile('photos', 'admin/secret.txt', 'the secret')
    for (const name of [
      'admin/secret.txt',
      'admin%2Fsecret.txt',
      'admin%2fsecret.txt',
      '%61dmin/secret.txt',
      'admin%252Fsecret.txt',
      'admin//secret.txt',
      'admin\\secret.txt',
      'x/../admin/secret.txt',
      './admin/secret.txt',
      'ADMIN/secret.txt',
    ]) {
      const response = await rawRequest(port, `GET ${mount}/photos/download/${name} HTTP/1.1`)
      expect([403, ...refusedDots, 404]).toContain(response.statusCode)
      expect(response.body).not.toContain('the secret')
    }
    expect(asked.slice(0, 4)).toEqual(Array(4).fill('admin/secret.txt'))
  })
})

describe('multer', () => {
  it('CVE-2025-48997, an empty field name: refused, and the server lives', async () => {
    const { port, mount, fetch } = await startServer()
    const body = multipart('X', [
      [filePart('', 'a.txt'), 'x'],
      [fieldPart(''), 'x'],
    ])
    const head = `POST ${mount}/photos/upload HTTP/1.1\nContent-Type: multipart/form-data; boundary=X\nContent-Length: ${body.length}`
    expect((await rawRequest(port, head, body)).statusCode).toBe(400)
    expect((await fetch('/photos')).status).toBe(200)
  })

  it('CVE-2025-47944 and CVE-2026-2359, malformed and dropped requests: nothing crashes, leaks or stays', async () => {
    const { port, mount, fetch, storage, failures } = await startServer()
    const start = `POST ${mount}/photos/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=X\r\n`
    for (let turn = 0; turn < 50; turn++) {
      const socket = await openSocket(port)
      const body = multipart('X', [[filePart('f', `${turn}.bin`), Buffer.alloc(100_000)]])
      socket.write(`${start}Content-Length: ${body.length}\r\n\r\n`)
      socket.write(body.subarray(0, turn * 2000))
      socket.resume()
      if (turn % 2 === 0) socket.destroy()
      else socket.end()
    }
    await eventually(() => failures.length === 50)
    expect(await namesIn(storage)).toEqual([])
    expect((await fetch('/photos')).status).toBe(200)
  })

  it('CVE-2026-3304, a slow filter: files of a form that failed meanwhile do not stay', async () => {
    const gate = Promise.withResolvers<void>()
    const { fetch, storage } = await startServer({
      maxFields: 1,
      allowedContentTypes: async () => {
        await gate.promise
        return ['text/plain']
      },
    })
    const data = form([
      ['f', 'a.txt', 'x'],
      ['f', 'b.txt', 'x'],
    ])
    for (let index = 0; index < 3; index++) data.append('field', 'x')
    const response = fetch('/photos/upload', { method: 'POST', body: data })
    gate.resolve()
    expect((await response).status).toBe(413)
    expect(await namesIn(storage)).toEqual([])
  })
})

describe('A MIME parameter or an SVG that defeats a list of types (CVE-2026-32728, CVE-2026-28683)', () => {
  it('does not: lists name allowed types, parameters are ignored, and scripts are never displayed', async () => {
    const { fetch, storage } = await startServer({ allowedContentTypes: ['image/png', 'image/svg+xml'] })
    for (const type of [
      'text/html;image/png',
      'text/html; charset=image/png',
      'application/xhtml+xml',
      'text/html\t;a=b',
    ]) {
      const response = await fetch('/photos/files/x.png', {
        method: 'PUT',
        body: new Uint8Array([60]),
        headers: { 'Content-Type': type },
      })
      expect([type, response.status]).toEqual([type, 415])
    }
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    const put = { method: 'PUT', body: svg, headers: { 'Content-Type': 'image/svg+xml;charset=utf-8' } }
    expect((await fetch('/photos/files/x.svg', put)).status).toBe(201)
    const { headers } = await fetch('/photos/download/x.svg')
    expect(headers.get('content-disposition')).toMatch(/^attachment;/)
    expect(headers.get('content-security-policy')).toContain('sandbox')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(await namesIn(storage)).toEqual(['x.svg'])
  })
})

describe('Guessable unique names (CVE-2025-46653)', () => {
  it('are not given: they hold 122 random bits', async () => {
    const { fetch, storage } = await startServer({ nameConflict: 'makeUnique' })
    for (let turn = 0; turn < 3; turn++) {
      const files = Array.from({ length: 100 }, () => ['f', 'a.txt', ''] as const)
      expect((await fetch('/photos/upload', { method: 'POST', body: form(files) })).status).toBe(200)
    }
    const names = await namesIn(storage)
    expect(names).toHaveLength(300)
    // Of random names, no long stretch is the same in any two of them.
    expect(new Set(names.map((name) => name.slice(0, 8))).size).toBeGreaterThan(295)
    expect(new Set(names.map((name) => name.slice(24, 36))).size).toBe(300)
  })
})

describe('Smuggling through what the server reflects', () => {
  it('CR and LF in a name end up in no header', async () => {
    const { port, mount, storage } = await startServer()
    const name = 'a\r\nSet-Cookie: owned=1\r\n\r\n<script>'
    await storage.putFile('photos', name, 'x')
    const response = await rawRequest(port, `GET ${mount}/photos/download/${encodeURIComponent(name)} HTTP/1.1`)
    expect(response.statusCode).toBe(200)
    expect(response.headers.has('set-cookie')).toBe(false)
    const missing = await rawRequest(port, `GET ${mount}/photos/download/${encodeURIComponent(`${name}2`)} HTTP/1.1`)
    expect(missing.statusCode).toBe(404)
    expect(missing.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(() => JSON.parse(missing.body)).not.toThrow()
  })
})

describe('A storage without its root', () => {
  it('says nothing of where it should be', async () => {
    const root = join(temporaryDirectory(), 'not-there')
    const handler = storageRouter(new StorageService(new FilesystemProvider({ root })))
    const { url } = await listen(createServer((req, res) => handler(req, res)))
    const response = await globalThis.fetch(url)
    expect(response.status).toBeGreaterThanOrEqual(500)
    expect(await response.text()).not.toContain('not-there')
  })
})
