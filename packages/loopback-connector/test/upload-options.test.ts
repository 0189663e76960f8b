/**
 * Upload options of the data source and of one call.
 */
import { readdir } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type loopback from 'loopback'
import { describe, expect, it } from 'vitest'
import type { UploadCallOptions } from '../src/index.js'
import { form, startOnDirectory } from './tools/loopback3-app.js'

type Route = (
  connector: loopback.DataSource['connector'],
  req: IncomingMessage,
  res: ServerResponse,
) => Promise<unknown>

/** Starts an application with a custom route, `/custom`, that calls the connector directly. */
const startCustom = (route: Route, settings: object = {}) =>
  startOnDirectory(settings, {
    before: (app, { container }) =>
      app.post('/custom', (req, res) => {
        if (container === undefined) throw new Error('the data source is missing')
        route(container.connector, req, res).then(
          (result) => res.end(JSON.stringify({ result })),
          (error: { statusCode: number; message: string }) => res.writeHead(error.statusCode).end(error.message),
        )
      }),
  })

const post = async (url: string, init: RequestInit) => {
  const response = await fetch(url, init)
  return { status: response.status, body: await response.text() }
}

const uploaded = (file: object) => ({ result: { files: { file: [file] }, fields: {} } })

describe('connector.upload in a custom route', () => {
  const options: UploadCallOptions = { container: 'album', getFilename: ({ field, name }) => `${field}_${name}` }

  it.each<[string, Route]>([
    ['(req, res, options)', (connector, req, res) => connector.upload(req, res, options)],
    [
      '(req, res, options, callback)',
      (connector, req, res) =>
        new Promise((resolve, reject) => {
          connector.upload(req, res, options, (error, result) => (error === null ? resolve(result) : reject(error)))
        }),
    ],
    [
      '(container, req, res, options)',
      (connector, req, res) => connector.upload('album', req, res, { ...options, container: 'ignored' }),
    ],
    [
      '(container, req, res, options, callback)',
      (connector, req, res) =>
        new Promise((resolve, reject) => {
          connector.upload('album', req, res, options, (error, result) =>
            error === null ? resolve(result) : reject(error),
          )
        }),
    ],
  ])('accepts %s', async (_, route) => {
    const { url, root } = await startCustom(route)
    const { status, body } = await post(`${url}/custom`, form({ name: 'sea.txt', content: 'waves' }))
    expect([status, JSON.parse(body)]).toEqual([
      200,
      uploaded({
        container: 'album',
        name: 'file_sea.txt',
        originalFilename: 'sea.txt',
        type: 'text/plain',
        field: 'file',
        size: 5,
      }),
    ])
    expect(await readdir(join(root, 'album'))).toEqual(['file_sea.txt'])
  })

  it('prefers its options to those of the data source', async () => {
    const { url, fetch } = await startCustom(
      (connector, req, res) => connector.upload('album', req, res, { maxFileSize: 10, acl: 'private' }),
      { maxFileSize: 3, acl: 'public-read' },
    )
    const file = form({ name: 'sea.txt', content: 'waves' })
    expect((await fetch('/containers/album/upload', file)).status).toBe(413)
    const { body } = await post(`${url}/custom`, form({ name: 'sea.txt', content: 'waves' }))
    expect(JSON.parse(body)).toMatchObject(uploaded({ size: 5, acl: 'private' }))
  })

  it('uses the response of the request if the argument is missing, as in hooks of other models', async () => {
    const { url } = await startCustom((connector, req) =>
      connector.upload(req, undefined as unknown as ServerResponse, { container: 'album' }),
    )
    const { status, body } = await post(`${url}/custom`, form({ name: 'sea.txt', content: 'waves' }))
    expect([status, JSON.parse(body)]).toMatchObject([200, uploaded({ name: 'sea.txt' })])
  })

  it('lets a client that is still sending read the error', async () => {
    const { url } = await startCustom((connector, req, res) => connector.upload('album', req, res, { maxFileSize: 3 }))
    const { status, body } = await post(`${url}/custom`, form({ name: 'big', content: 'x'.repeat(20_000_000) }))
    expect([status, body]).toEqual([413, 'the file is larger than the limit of 3 bytes'])
  })
})

describe('options of the data source', () => {
  it('name files, restrict their types, and return the access list', async () => {
    const { fetch } = await startOnDirectory({
      getFilename: ({ name }: { name: string }) => `image-${name}`,
      acl: ({ name, originalFilename }: { name: string; originalFilename: string }) => `${originalFilename}>${name}`,
      allowedContentTypes: ['image/png', 'image/jpeg'],
      maxFileSize: 5 * 1024 * 1024,
    })
    const png = await fetch('/containers/album/upload', form({ name: 'a.png', content: 'x', type: 'image/png' }))
    expect(await png.json()).toMatchObject(
      uploaded({ name: 'image-a.png', originalFilename: 'a.png', acl: 'a.png>image-a.png' }),
    )
    expect((await fetch('/containers/album/upload', form({ name: 'a.txt', content: 'x' }))).status).toBe(415)
  })

  it('can be set on the connector later, as in boot scripts', async () => {
    const { dataSource, fetch } = await startOnDirectory({ maxFileSize: 3 })
    const { connector } = dataSource
    expect(connector.maxFileSize).toBe(3)
    connector.maxFileSize = 10
    connector.getFilename = ({ name }) => `renamed-${name}`
    const response = await fetch('/containers/album/upload', form({ name: 'sea.txt', content: 'waves' }))
    expect(await response.json()).toMatchObject(uploaded({ name: 'renamed-sea.txt', originalFilename: 'sea.txt' }))
  })

  it('make names unique', async () => {
    const { fetch } = await startOnDirectory({ nameConflict: 'makeUnique' })
    const storedName = async () => {
      const response = await fetch('/containers/album/upload', form({ name: 'a.png', content: 'x' }))
      const { result } = (await response.json()) as { result: { files: { file: [{ name: string }] } } }
      return result.files.file[0].name
    }
    const [first, second] = [await storedName(), await storedName()]
    expect(first).toMatch(/^[0-9a-f-]{36}\.png$/)
    expect(second).not.toBe(first)
  })

  it.each([
    ['an empty list', []],
    ['null', null],
    ['a function that returns an empty list', () => []],
    ['a function that returns nothing', () => undefined],
  ])('allow all types if allowedContentTypes is %s', async (_, allowedContentTypes) => {
    const { fetch } = await startOnDirectory({ allowedContentTypes })
    expect((await fetch('/containers/album/upload', form({ name: 'a.txt', content: 'x' }))).status).toBe(200)
  })

  it('can limit sizes with a function, which sets no limit if it returns nothing', async () => {
    const { fetch } = await startOnDirectory({
      maxFileSize: ({ name }: { name: string }) => (name === 'small' ? 3 : undefined),
    })
    const status = async (name: string) =>
      (await fetch('/containers/album/upload', form({ name, content: 'x'.repeat(100) }))).status
    expect([await status('small'), await status('large')]).toEqual([413, 200])
  })
})

describe('with legacyStatusCodes', () => {
  const legacy = { legacyStatusCodes: true }
  /** Returns the status and the message of an error response. */
  const failure = async (response: Response) => {
    const { error } = (await response.json()) as { error: { statusCode: number; message: string } }
    return [response.status, error.message]
  }

  it('a type that is not allowed fails with 500 and the old message', async () => {
    const { fetch } = await startOnDirectory(
      { ...legacy, allowedContentTypes: ['image/png', 'image/jpeg'] },
      { debug: true },
    )
    const response = await fetch('/containers/album/upload', form({ name: 'a.txt', content: 'x' }))
    expect(await failure(response)).toEqual([
      500,
      'contentType "text/plain" is not allowed (Must be in [image/png, image/jpeg])',
    ])
  })

  it('a file that is too large fails with 500 and the old message, and is not stored', async () => {
    const { fetch } = await startOnDirectory({ ...legacy, maxFileSize: 3 }, { debug: true })
    const response = await fetch('/containers/album/upload', form({ name: 'a.txt', content: 'waves' }))
    expect(await failure(response)).toEqual([
      500,
      'maxFileSize exceeded, received more than 3 bytes of field data (max is 3)',
    ])
    expect(await (await fetch('/containers/album/files')).json()).toEqual([])
  })

  it('fields that are too long fail with 500 and the old message', async () => {
    const { fetch } = await startOnDirectory({ ...legacy, maxFieldsSize: 10 }, { debug: true })
    const { body } = form()
    body.append('title', 'x'.repeat(100))
    const [status, message] = await failure(await fetch('/containers/album/upload', { method: 'POST', body }))
    expect([status, message]).toEqual([500, expect.stringMatching(/^maxFieldsSize exceeded/)])
  })

  it('a body that is not a form fails with 500 and the old message, and a missing body with 400', async () => {
    const { fetch } = await startOnDirectory(legacy, { debug: true })
    const upload = (init: RequestInit) => fetch('/containers/album/upload', { method: 'POST', ...init })
    expect(await failure(await upload({ body: 'x', headers: { 'Content-Type': 'text/plain' } }))).toEqual([
      500,
      'bad content-type header, unknown content-type: text/plain',
    ])
    expect(await failure(await upload({ body: new TextEncoder().encode('x') }))).toEqual([
      500,
      'bad content-type header, no content-type',
    ])
    expect(await failure(await upload({}))).toEqual([400, 'No file content uploaded'])
  })

  it('lookups fail with 404, and everything else with 500', async () => {
    const { fetch } = await startOnDirectory(legacy)
    const status = async (path: string, init?: RequestInit) => (await fetch(`/containers${path}`, init)).status
    expect(await status('/none')).toBe(404)
    expect(await status('/album/files/none')).toBe(404)
    expect(await status('/album/download/none')).toBe(404)
    expect(await status('/none', { method: 'DELETE' })).toBe(500)
    expect(await status('/album/files/none', { method: 'DELETE' })).toBe(500)
    expect(await status('', { method: 'POST', body: new URLSearchParams({ name: 'album' }) })).toBe(500)
    expect(await status('/none/upload', form({ name: 'a.txt', content: 'x' }))).toBe(500)
    expect(await (await fetch('/containers/none/files')).json()).toEqual([])
  })
})

it('an upload without a file fails with 400', async () => {
  const { fetch } = await startOnDirectory()
  const { body } = form()
  body.append('title', 'Holiday')
  for (const init of [{ method: 'POST' }, { method: 'POST', body }]) {
    const response = await fetch('/containers/album/upload', init)
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { message: 'No file content uploaded', code: 'NO_FILE' } },
    ])
  }
})
