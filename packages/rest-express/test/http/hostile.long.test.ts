/**
 * Ten thousand hostile names and ten thousand malformed requests, generated from a seed. `SEED` in
 * the environment repeats a run, and `RUNS` sets the number of requests.
 *
 * For every request, the server stays up, responds if it can, never with an unexpected error, and
 * changes nothing outside of its root.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { FilesystemProvider } from '@stowage/provider-fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFetch, openSocket, type RestServer, readToEnd, startServer } from '../tools/rest-server.js'
import { temporaryDirectory } from '../tools/storages.js'

const seed = Number(process.env['SEED'] ?? 20_250_601)
// The handler shares all that reads the requests, except for the server in front of it.
const runs = Number(process.env['RUNS'] ?? (isFetch ? 2000 : 10_000))

interface Fortress extends RestServer {
  /**
   * Asserts that nothing outside of the root changed, and that the root contains only containers.
   */
  checkOutside(): Promise<void>
}

async function fortress(): Promise<Fortress> {
  const outside = temporaryDirectory()
  await writeFile(join(outside, 'secret.txt'), 'the secret')
  const root = join(outside, 'root')
  await mkdir(join(root, 'photos'), { recursive: true })
  const server = await startServer({ provider: new FilesystemProvider({ root }), containers: [], maxFileSize: 100_000 })
  return {
    ...server,
    checkOutside: async () => {
      expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('the secret')
      expect(await readdir(outside)).toEqual(['root', 'secret.txt'])
      for (const name of await readdir(root)) expect((await stat(join(root, name))).isDirectory()).toBe(true)
    },
  }
}

/** A persistent connection: each request is sent after the response to the previous one. */
class Line {
  #socket: Socket | undefined
  #received = Buffer.alloc(0)
  #wake: (() => void) | undefined
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  async ask(head: string, body = ''): Promise<{ statusCode: number; body: string }> {
    const socket = await this.#open()
    const framing = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
    socket.write(`${head}\r\nHost: x\r\n${framing}\r\n${body}`)
    for (;;) {
      const response = this.#parse(head.startsWith('HEAD'))
      if (response !== undefined) return response
      if (this.#socket === undefined) throw new Error(`the connection was closed without a response to ${head}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  close(): void {
    this.#socket?.destroy()
  }

  async #open(): Promise<Socket> {
    if (this.#socket !== undefined) return this.#socket
    const socket = await openSocket(this.#port)
    this.#received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake?.()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#socket = undefined
      this.#wake?.()
    })
    this.#socket = socket
    return socket
  }

  #parse(isHead: boolean): { statusCode: number; body: string } | undefined {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end === -1) return undefined
    const head = this.#received.toString('latin1', 0, end)
    const length = /^content-length: (\d+)$/im.exec(head)?.[1]
    const chunked = /^transfer-encoding: chunked$/im.test(head)
    const start = end + 4
    let stop = start + (isHead ? 0 : Number(length ?? 0))
    if (chunked && !isHead) {
      const last = this.#received.indexOf('0\r\n\r\n', start)
      if (last === -1) return undefined
      stop = last + 5
    }
    if (this.#received.length < stop) return undefined
    const body = this.#received.toString('utf8', start, stop)
    this.#received = this.#received.subarray(stop)
    return { statusCode: Number(head.split(' ')[1]), body }
  }
}

const hostilePiece = fc.constantFrom(
  '..',
  '.',
  '/',
  '//',
  '\\',
  '\0',
  '%2e%2e',
  '%2F',
  '%00',
  '%',
  '~',
  'con',
  'NUL.txt',
  '.stowage',
  '.stowage/tmp',
  '__proto__',
  '\r\n',
  '\u202e',
  'é',
  'e\u0301',
  '👩‍👩‍👧',
  ' ',
  '*',
  '?',
  '#',
  '<script>',
  '"',
  "'",
  ';',
  'C:',
  '/etc/passwd',
  'a'.repeat(300),
  '\ufffe',
  '-',
  '..;/',
)

/** Names as people and programs write them to do harm, and names of pure noise. */
const hostileName = fc.oneof(
  { weight: 4, arbitrary: fc.array(hostilePiece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join('')) },
  { weight: 2, arbitrary: fc.array(hostilePiece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join('/')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }) },
)

/** Ways of writing a name into a path: encoded, half encoded, not at all. */
const written = fc.tuple(hostileName, fc.constantFrom('whole', 'slashes', 'twice', 'bare')).map(([name, way]) => {
  const encoded = encodeURIComponent(name)
  if (way === 'slashes') return encoded.replaceAll('%2F', '/').replaceAll('%5C', '\\')
  if (way === 'twice') return encodeURIComponent(encoded)
  if (way === 'bare') return name.replace(/[^!-~]|[?#]/gu, '')
  return encoded
})

describe('A server that is attacked', () => {
  it(`survives ${runs} hostile names, and keeps what it accepts`, async () => {
    const server = await fortress()
    const line = new Line(server.port)
    const verb = fc.constantFrom('put', 'put', 'get', 'info', 'remove', 'container', 'list')
    await fc.assert(
      fc.asyncProperty(written, verb, async (name, what) => {
        const file = `${server.mount}/photos/files/${name}`
        let response: { statusCode: number; body: string }
        if (what === 'put') {
          const content = createHash('md5').update(name).digest('hex')
          response = await line.ask(`PUT ${file} HTTP/1.1`, content)
          if (response.statusCode < 300) {
            const back = await line.ask(`GET ${server.mount}/photos/download/${name} HTTP/1.1`)
            expect([back.statusCode, back.body]).toEqual([200, content])
            expect((await line.ask(`DELETE ${file} HTTP/1.1`)).statusCode).toBe(200)
          }
        } else if (what === 'get') response = await line.ask(`GET ${server.mount}/photos/download/${name} HTTP/1.1`)
        else if (what === 'info') response = await line.ask(`HEAD ${file} HTTP/1.1`)
        else if (what === 'remove') response = await line.ask(`DELETE ${file} HTTP/1.1`)
        else if (what === 'container') response = await line.ask(`GET ${server.mount}/${name}/files HTTP/1.1`)
        else
          response = await line.ask(
            `GET ${server.mount}/photos/files?limit=2&prefix=${name}&delimiter=${name} HTTP/1.1`,
          )
        expect(response.statusCode).toBeLessThan(500)
        expect(response.body).not.toContain('the secret')
      }),
      { seed, numRuns: runs },
    )
    line.close()
    await server.checkOutside()
    expect(server.failures.filter(({ statusCode }) => statusCode >= 500)).toEqual([])
    expect((await server.fetch('/photos')).status).toBe(200)
  })

  it(`survives ${runs} malformed requests`, async () => {
    const server = await fortress()
    await server.storage.putFile('photos', 'a.txt', 'abcdefghij')
    await fc.assert(
      fc.asyncProperty(malformedRequest(server.mount), async ({ bytes, cut }) => {
        const socket = await openSocket(server.port)
        const responses = readToEnd(socket)
        if (cut === 'reset') {
          socket.write(bytes, () => socket.resetAndDestroy())
        } else {
          socket.end(bytes)
        }
        const text = await responses
        expect(text).not.toMatch(/^HTTP\/1\.1 5/m)
        expect(text).not.toContain('the secret')
      }),
      { seed, numRuns: runs },
    )
    await server.checkOutside()
    expect(server.failures.filter(({ statusCode }) => statusCode >= 500)).toEqual([])
    expect((await server.fetch('/photos')).status).toBe(200)
    expect(await (await server.storage.openFile('photos', 'a.txt')).text()).toBe('abcdefghij')
  })
})

/** Generates requests with errors in the request line, the headers, the body or the end. */
function malformedRequest(mount: string): fc.Arbitrary<{ bytes: Buffer; cut: 'end' | 'reset' }> {
  const noise = fc.string({ unit: 'binary', maxLength: 30 })
  const visible = fc.string({ unit: fc.constantFrom(...'abc:;,="/\\*%0-9 \t[](){}<>!#'), maxLength: 30 })
  const method = fc.constantFrom(
    'GET',
    'GET',
    'HEAD',
    'POST',
    'POST',
    'PUT',
    'PUT',
    'DELETE',
    'OPTIONS',
    'PATCH',
    'BREW',
    '',
  )
  const path = fc.oneof(
    fc.constantFrom(
      `${mount}/photos/upload`,
      `${mount}/photos/upload`,
      `${mount}/photos/download/a.txt`,
      `${mount}/photos/files/b.txt`,
      `${mount}/photos/files`,
      `${mount}/photos/copy`,
      `${mount}/photos/remove`,
      `${mount}/`,
      `${mount}/%2e%2e/files/%00`,
      `http://x${mount}/none`,
      '*',
    ),
    visible.map((text) => `${mount}/photos/files/${text.replace(/\s/g, '')}`),
  )
  const value = fc.oneof(
    visible,
    fc.constantFrom('bytes=0-5', 'bytes=-0', '*', '"1"', 'W/"1"', 'gzip', '0', '-1', '1e9', 'chunked'),
  )
  const header = fc
    .tuple(
      fc.constantFrom(
        'Range',
        'If-Match',
        'If-None-Match',
        'If-Modified-Since',
        'If-Unmodified-Since',
        'If-Range',
        'Content-Type',
        'Content-MD5',
        'Content-Digest',
        'Repr-Digest',
        'Content-Range',
        'Content-Encoding',
        'Content-Language',
        'Content-Disposition',
        'Accept',
        'Expect',
        'Transfer-Encoding',
        'X'.repeat(500),
      ),
      value,
    )
    .map(([name, text]) => `${name}: ${text}`)
  const partHeader = fc.oneof(
    fc.constantFrom(
      'Content-Disposition: form-data; name="f"; filename="x.txt"',
      'Content-Disposition: form-data; name=""; filename="x.txt"',
      'Content-Disposition: form-data; name="__proto__"',
      'Content-Disposition: form-data; name="a[b][c]"',
      'Content-Disposition: form-data; filename="../../x"; name="f"',
      `Content-Disposition: form-data; name="f"; filename*=UTF-8''%FF%00`,
      'Content-Disposition: form-data; name="f"; filename="',
      'Content-Type: text/html; charset=\ufffd',
      'Content-Transfer-Encoding: base64',
      'Content-Disposition: attachment',
    ),
    visible,
  )
  const part = fc
    .tuple(fc.array(partHeader, { maxLength: 3 }), noise)
    .map(([headers, text]) => `${headers.join('\r\n')}\r\n\r\n${text}`)
  const formBody = fc
    .tuple(
      fc.array(part, { maxLength: 4 }),
      fc.constantFrom('\r\n--X--\r\n', '\r\n--X', '', '\r\n--X--garbage', '--X--'),
    )
    .map(([parts, end]) => ({
      type: 'Content-Type: multipart/form-data; boundary=X',
      text: `${parts.map((text) => `--X\r\n${text}\r\n`).join('')}${end}`,
    }))
  const jsonBody = fc
    .oneof(
      fc.json(),
      fc.constantFrom(
        '{"name":"../x"}',
        '{"file":"a.txt","to":{"file":""}}',
        '{"files":["",null]}',
        '[[[[',
        '{"name":{}}',
      ),
    )
    .map((text) => ({ type: 'Content-Type: application/json', text }))
  const body = fc.oneof(
    formBody,
    formBody,
    jsonBody,
    noise.map((text) => ({ type: 'X-Nothing: 1', text })),
  )
  const framing = fc.constantFrom('right', 'right', 'right', 'right', 'short', 'long', 'chunked', 'none', 'both')
  return fc
    .record({
      method,
      path,
      headers: fc.array(header, { maxLength: 4 }),
      body,
      framing,
      noise,
      cut: fc.constantFrom('end' as const, 'end' as const, 'end' as const, 'reset' as const),
      at: fc.option(fc.nat(600), { nil: undefined, freq: 4 }),
    })
    .map(({ method, path, headers, body, framing, noise, cut, at }) => {
      const length = Buffer.byteLength(body.text)
      const lengthHeader = {
        right: `Content-Length: ${length}`,
        short: `Content-Length: ${Math.max(0, length - 3)}`,
        long: `Content-Length: ${length + 100}`,
        chunked: 'Transfer-Encoding: chunked',
        none: 'X-None: 1',
        both: `Content-Length: ${length}\r\nTransfer-Encoding: chunked`,
      }[framing]
      const text = framing === 'chunked' ? `${length.toString(16)}\r\n${body.text}\r\n${noise}` : body.text
      const lines = [`${method} ${path} HTTP/1.1`, 'Host: x', 'Connection: close', body.type, lengthHeader, ...headers]
      const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text}`)
      return { bytes: at === undefined ? bytes : bytes.subarray(0, at), cut }
    })
}
