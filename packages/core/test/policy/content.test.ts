import { describe, expect, it } from 'vitest'
import { detectContent } from '../../src/policy/detection.js'
import { contentFits, nameFits } from '../../src/policy/media-types.js'

const fits = async (type: string, content: string | Uint8Array) =>
  contentFits(type, await detectContent(typeof content === 'string' ? Buffer.from(content) : content, false))

describe('content fits a type', () => {
  it.each([
    ['image/jpg', Buffer.from('ffd8ffe000104a464946', 'hex')],
    ['application/pdf', '%PDF-1.7\n'],
    ['application/x-zip-compressed', 'PK\x03\x04 archive'],
    ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'PK\x03\x04 archive'],
    ['application/gzip', Buffer.from('1f8b0800', 'hex')],
    ['text/plain', 'Größe'],
    ['text/plain', Buffer.from('\ufefftext', 'utf16le')],
    ['text/csv', 'a;b\r\n1;2\r\n'],
    ['text/html', '<!doctype html>'],
    ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['image/svg+xml', '<?xml version="1.0"?><svg/>'],
    ['text/plain', '%!PS and more text'],
    ['application/json', '{"a":1}'],
    ['application/octet-stream', 'anything'],
    ['application/x-custom', Buffer.from([0, 1, 2, 3])],
  ])('%s', async (type, content) => {
    expect(await fits(type, content)).toBe(true)
  })

  it('text that is cut off within a character', async () => {
    const text = Buffer.from('ä'.repeat(5000))
    expect(await fits('text/plain', text.subarray(0, 4099))).toBe(true)
  })
})

describe('content does not fit a type', () => {
  it.each([
    ['image/png', 'text'],
    ['image/png', Buffer.from('ffd8ffe000104a464946', 'hex')],
    ['image/png', Buffer.from([0, 1, 2, 3])],
    ['text/plain', Buffer.from([0x4d, 0x5a, 0x90, 0, 3, 0])],
    ['text/plain', Buffer.from([0xc3, 0x28, 0x41])],
    ['application/x-custom', 'text'],
    ['text/vcard', 'no card'],
    ['application/pdf', 'PK\x03\x04 archive'],
    ['text/html', 'GIF89a/*\x01\x00'],
    ['video/mp4', ''],
  ])('%s', async (type, content) => {
    expect(await fits(type, content)).toBe(false)
  })
})

it.each([
  ['a.jpeg', 'image/jpeg', true],
  ['a.JPG', 'image/pjpeg', true],
  ['photo', 'image/png', true],
  ['folder.d/photo', 'image/png', true],
  ['.htaccess', 'text/plain', true],
  ['a.ts', 'video/mp2t', true],
  ['a.TS', 'text/typescript', true],
  ['a.ts', 'image/png', false],
  ['a.htm', 'text/html', true],
  ['a.mpga', 'audio/mpeg', true],
  ['a.svg\u200b', 'image/svg+xml', false],
  ['a.png ', 'image/png', false],
  ['a.png\u3002', 'image/png', false],
  ['a.\uff50\uff4e\uff47', 'image/png', false],
  ['a.html\\png', 'image/png', false],
  ['a.png.', 'image/png', false],
  ['a.phtml', 'image/png', false],
  ['a.png.exe', 'image/png', false],
  ['a.svg', 'image/png', false],
])('the name %s and the type %s: %s', (name, type, expected) => {
  expect(nameFits(name, type)).toBe(expected)
})
