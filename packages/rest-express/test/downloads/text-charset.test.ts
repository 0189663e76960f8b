/**
 * Text that was stored without a charset: responses declare UTF-8 if the content is UTF-8, and
 * otherwise no charset.
 */
import { describe, expect, it } from 'vitest'
import { startServer } from '../tools/rest-server.js'

const latin1 = Buffer.from('naïve', 'latin1')
const many = (text: string, bytes: number) => text.repeat(Math.ceil(bytes / Buffer.byteLength(text)))

/** Longer than what is checked, and cut by it within a character for some of the offsets. */
const longUtf8 = (offset: number) => Buffer.from('a'.repeat(offset) + many('日本語', 200_000))

describe.each<[string, Buffer, string, string]>([
  ['UTF-8', Buffer.from('naïve'), 'text/plain', 'text/plain; charset=utf-8'],
  [
    'UTF-8 of another text type',
    Buffer.from('naïve'),
    'TEXT/csv;header=present',
    'TEXT/csv;header=present; charset=utf-8',
  ],
  ['ASCII', Buffer.from('plain'), 'text/plain', 'text/plain; charset=utf-8'],
  ['nothing', Buffer.alloc(0), 'text/plain', 'text/plain; charset=utf-8'],
  ['a byte order mark', Buffer.from('\ufeffnaïve'), 'text/plain', 'text/plain; charset=utf-8'],
  ['long UTF-8', longUtf8(0), 'text/plain', 'text/plain; charset=utf-8'],
  ['long UTF-8, cut after one byte', longUtf8(1), 'text/plain', 'text/plain; charset=utf-8'],
  ['long UTF-8, cut after two', longUtf8(2), 'text/plain', 'text/plain; charset=utf-8'],
  ['long emoji', Buffer.from(`abc${many('🌊', 100_000)}`), 'text/plain', 'text/plain; charset=utf-8'],
  ['windows-1252', latin1, 'text/plain', 'text/plain'],
  ['UTF-16', Buffer.from('\ufeffnaïve', 'utf16le'), 'text/plain', 'text/plain'],
  ['ISO-2022-JP', Buffer.from('\x1b$B%F%9%H\x1b(B'), 'text/plain', 'text/plain'],
  ['UTF-8 with terminal colours', Buffer.from('\x1b[31mnaïve'), 'text/plain', 'text/plain; charset=utf-8'],
  ['UTF-8 that ends within a character', Buffer.from('naïve').subarray(0, 3), 'text/plain', 'text/plain'],
  ['long ASCII before other bytes', Buffer.concat([Buffer.alloc(70_000, 'a'), latin1]), 'text/plain', 'text/plain'],
  ['long windows-1252', Buffer.from(many('naïve', 200_000), 'latin1'), 'text/plain', 'text/plain'],
  ['a stated charset', Buffer.from('naïve'), 'text/plain ;Charset=latin1', 'text/plain ;Charset=latin1'],
  ['JSON, which is UTF-8 anyway', Buffer.from('"naïve"'), 'application/json', 'application/json'],
  ['XML, which says so itself', Buffer.from('<ï/>'), 'application/xml', 'application/xml'],
  ['a picture', Buffer.from('naïve'), 'image/png', 'image/png'],
])('%s', (_, content, contentType, shown) => {
  it('has the same type in the response to GET, HEAD and a range', async () => {
    const { fetch, storage } = await startServer()
    await storage.putFile('photos', 'file', content, { contentType })
    const get = await fetch('/photos/download/file')
    expect(get.headers.get('content-type')).toBe(shown)
    expect(Buffer.from(await get.arrayBuffer()).equals(content)).toBe(true)
    const head = await fetch('/photos/download/file', { method: 'HEAD' })
    expect(head.headers.get('content-type')).toBe(shown)
    for (const range of content.length < 3 ? [] : ['bytes=0-0', 'bytes=1-', 'bytes=-1']) {
      const part = await fetch('/photos/download/file', { headers: { Range: range } })
      expect([part.status, part.headers.get('content-type')]).toEqual([206, shown])
      await part.arrayBuffer()
    }
    expect((await storage.getFile('photos', 'file')).contentType).toBe(contentType)
  })
})

it('is not looked for in content with an encoding of its own', async () => {
  const { fetch, storage } = await startServer()
  await storage.putFile('photos', 'file', 'plain', { contentType: 'text/plain', contentEncoding: 'br' })
  const { headers } = await fetch('/photos/download/file', { method: 'HEAD' })
  expect(headers.get('content-type')).toBe('text/plain')
})

it('is declared for what clients upload without one', async () => {
  const { fetch } = await startServer()
  await fetch('/photos/files/notes.txt', { method: 'PUT', body: Buffer.from('naïve') })
  const form = new FormData()
  form.append('f', new File(['naïve'], 'form.txt', { type: 'text/plain' }))
  await fetch('/photos/upload', { method: 'POST', body: form })
  for (const name of ['notes.txt', 'form.txt']) {
    const { headers } = await fetch(`/photos/download/${name}`)
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
  }
})

it('can be replaced by the application', async () => {
  const { fetch, storage } = await startServer({ headers: () => ({ 'content-type': 'text/x-own' }) })
  await storage.putFile('photos', 'file', 'naïve', { contentType: 'text/plain' })
  expect((await fetch('/photos/download/file')).headers.get('content-type')).toBe('text/x-own')
})
