import { describe, expect, it } from 'vitest'
import type { Authorization } from '../../src/index.js'
import { countedCalls } from '../tools/faulty-provider.js'
import { errorOf, form, namesIn, rawRequest, refusedDots, setHeader, startServer } from '../tools/rest-server.js'

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
})

/** Every route, and what `authorize` is asked for there. */
const routes: readonly (readonly [path: string, init: RequestInit, asked: readonly string[]])[] = [
  ['/', {}, ['getContainers']],
  ['/', { method: 'HEAD' }, ['getContainers']],
  ['/', post({ name: 'new' }), ['createContainer new']],
  ['/photos', {}, ['getContainer photos']],
  ['/photos', { method: 'HEAD' }, ['getContainer photos']],
  ['/photos', { method: 'DELETE' }, ['destroyContainer photos']],
  ['/photos/files', {}, ['getFiles photos']],
  ['/photos/files?limit=1', { method: 'HEAD' }, ['getFiles photos']],
  ['/photos/files/a%2Fb', {}, ['getFile photos a/b']],
  ['/photos/files/a/b', { method: 'HEAD' }, ['getFile photos a/b']],
  ['/photos/files/a%252Fb', { method: 'PUT', body: 'x' }, ['putFile photos a%2Fb']],
  ['/photos/files/a/b', { method: 'DELETE' }, ['removeFile photos a/b']],
  ['/photos/download/a/b', {}, ['download photos a/b']],
  ['/photos/download/a/b', { method: 'HEAD' }, ['download photos a/b']],
  [
    '/photos/upload',
    {
      method: 'POST',
      body: form([
        ['f', '1', ''],
        ['f', '2', ''],
      ]),
    },
    ['upload photos', 'upload photos 1', 'upload photos 2'],
  ],
  [
    '/photos/copy',
    post({ file: 'a/b', to: { container: 'other', file: 'c' } }),
    ['download photos a/b', 'putFile other c'],
  ],
  [
    '/photos/move',
    post({ file: 'a/b', to: { file: 'c' } }),
    ['download photos a/b', 'putFile photos c', 'removeFile photos a/b'],
  ],
  ['/photos/remove', post({ files: ['a/b', 'x', 'x'] }), ['removeFile photos a/b', 'removeFile photos x']],
]

const shown = ({ action, container, file }: Authorization) =>
  [action, container, file].filter((part) => part !== undefined).join(' ')

async function guardedServer(authorize: (asked: Authorization) => boolean | number | Promise<boolean | number>) {
  const { provider, calls } = countedCalls()
  const server = await startServer({ provider, containers: ['other', 'photos'], authorize })
  await server.storage.putFile('photos', 'a/b', 'abc')
  calls.length = 0
  return { ...server, calls }
}

describe('The authorize hook', () => {
  it.each(routes)('of %s %j is asked for the action with decoded names', async (path, init, asked) => {
    const seen: string[] = []
    const { fetch } = await guardedServer((request) => {
      seen.push(shown(request))
      return true
    })
    expect((await fetch(path, init)).status).toBeLessThan(300)
    expect(seen).toEqual(asked)
  })

  it.each(routes)('of %s %j stops everything before any call of the storage', async (path, init, asked) => {
    for (let refused = 0; refused < asked.length; refused++) {
      let turn = 0
      const { fetch, calls, storage } = await guardedServer(() => turn++ !== refused)
      const response = await fetch(path, init)
      expect(response.status).toBe(403)
      // The storage may have been called for earlier files of a form, but has stored none.
      if (!path.endsWith('/upload') || refused === 0) expect(calls).toEqual([])
      expect(await namesIn(storage)).toEqual(['a/b'])
    }
  })

  it('that does not say true says no', async () => {
    for (const verdict of [false, undefined, null, 'yes', {}, 200, 302, 500, 403.5]) {
      const { fetch } = await guardedServer(() => verdict as boolean)
      const response = await fetch('/photos')
      expect([response.status, (await errorOf(response)).code]).toEqual([403, 'PERMISSION_DENIED'])
    }
  })

  it('can choose the status, and set headers of the response', async () => {
    const { fetch } = await guardedServer(({ res }) => {
      setHeader(res, 'WWW-Authenticate', 'Basic realm="files"')
      return 401
    })
    const response = await fetch('/photos')
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="files"'])
    expect((await errorOf(response)).code).toBe('UNAUTHENTICATED')
    const hidden = await guardedServer(async () => 404)
    expect((await hidden.fetch('/photos')).status).toBe(404)
  })

  it('can throw the error of the response', async () => {
    const teapot = Object.assign(new Error('only tea here'), { statusCode: 418, code: 'TEAPOT' })
    const { fetch } = await guardedServer(() => Promise.reject(teapot))
    const response = await fetch('/photos')
    expect(await errorOf(response)).toEqual({
      statusCode: 418,
      name: 'Error',
      code: 'TEAPOT',
      message: 'only tea here',
    })
  })

  it('that fails is a failure of the server, which tells nothing', async () => {
    for (const failure of [
      new Error('SELECT * FROM users'),
      Object.assign(new Error('secret'), { statusCode: 500 }),
      'x',
    ]) {
      const { fetch, failures } = await guardedServer(() => Promise.reject(failure))
      const response = await fetch('/photos')
      expect([response.status, (await errorOf(response)).message]).toEqual([500, 'internal server error'])
      expect(failures[0]?.error).toBe(failure)
    }
  })

  it('never sees a name that can not be', async () => {
    const seen: string[] = []
    const { port, mount } = await guardedServer((request) => {
      seen.push(shown(request))
      return true
    })
    for (const path of ['/%2e%2e', '/..']) {
      expect(refusedDots).toContain((await rawRequest(port, `GET ${mount}${path} HTTP/1.1`)).statusCode)
    }
    for (const path of ['/a%2Fb', '/%00', `/photos/files/${'x'.repeat(1025)}`, '/photos/files/%ff', '/%']) {
      expect((await rawRequest(port, `GET ${mount}${path} HTTP/1.1`)).statusCode).toBe(400)
    }
    expect(seen).toEqual([])
  })

  it('is asked with the final name of each file of a form', async () => {
    const seen: string[] = []
    const server = await startServer({
      getFilename: ({ name }) => `users/7/${name}`,
      authorize: (request) => {
        seen.push(shown(request))
        return request.file !== 'users/7/private'
      },
    })
    const body = form([
      ['f', 'public', 'x'],
      ['f', 'private', 'x'],
    ])
    expect((await server.fetch('/photos/upload', { method: 'POST', body })).status).toBe(403)
    expect(seen).toEqual(['upload photos', 'upload photos users/7/public', 'upload photos users/7/private'])
    expect(await namesIn(server.storage)).toEqual([])
  })

  it('is not asked for OPTIONS, which tells nothing of what is stored', async () => {
    const { fetch, calls } = await guardedServer(() => false)
    expect((await fetch('/nope/files/x', { method: 'OPTIONS' })).status).toBe(204)
    expect(calls).toEqual([])
  })
})
